// CUDA graphs (cuda_graph.h). The only file beside device_group.cc that sees CUDA's headers, where
// cmake/LibTorch.cmake found them.
//
// What a GPU does with this has not been run (docs/explanation/performance.md).
#include "trainer/device/cuda_graph.h"

#include <string>

#include "config/errors.h"

#ifdef MILLRACE_CUDA_GRAPHS
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace millrace::trainer {
namespace {

#ifdef MILLRACE_CUDA_GRAPHS

/// Before a graph is recorded the libraries choose their kernels and take their memory.
constexpr int kPlainRuns = 3;

/// Runs and records on a stream of its own, since the default one cannot be recorded; the graph
/// runs on the current one.
class Graph : public CudaGraph {
 public:
  /// `pool`: the memory of graphs that never run at the same time.
  Graph(at::cuda::MempoolId_t pool, c10::Stream beside) : pool_(pool), beside_(beside) {}

  void run(const std::function<void()>& work) override {
    if (recorded_) return graph_.replay();
    if (runs_++ < kPlainRuns) {
      on_the_other_stream(work);
      return;
    }
    c10::cuda::device_synchronize();
    on_the_other_stream([&] {
      graph_.capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
      work();
      graph_.capture_end();
    });
    recorded_ = true;
    graph_.replay();
  }

 private:
  /// After what the current stream has to do, and before what it is given from now on.
  template <class Work>
  void on_the_other_stream(const Work& work) {
    const c10::Stream current = c10::cuda::getCurrentCUDAStream().unwrap();
    c10::Event before(torch::kCUDA), after(torch::kCUDA);
    before.record(current);
    before.block(beside_);
    {
      const c10::StreamGuard guard(beside_);
      work();
    }
    after.record(beside_);
    after.block(current);
  }

  at::cuda::MempoolId_t pool_;
  c10::Stream beside_;
  at::cuda::CUDAGraph graph_;
  int runs_ = 0;
  bool recorded_ = false;
};

#endif

[[noreturn]] void refuse(const std::string& why) {
  throw config::UsageError("train.cuda_graphs = true, but " + why +
                           "; set --train.cuda_graphs=false");
}

}  // namespace

GraphFactory graph_factory(const config::TrainOptions& train, torch::Device device) {
  if (!train.cuda_graphs) return {};
  if (!device.is_cuda()) refuse("the device is " + device.str());
#ifdef MILLRACE_CUDA_GRAPHS
  return [pool = at::cuda::graph_pool_handle(),
          beside = c10::cuda::getStreamFromPool(false, device.index()).unwrap()] {
    return std::make_unique<Graph>(pool, beside);
  };
#else
  refuse("this build has no CUDA graphs: CUDA's headers were missing");
#endif
}

}  // namespace millrace::trainer
