// CUDA graphs through at::cuda::CUDAGraph (cuda_graph.h). This file and device_group.cc are the
// only ones that include CUDA's headers, where cmake/LibTorch.cmake found them.
//
// Not run on a GPU yet (docs/explanation/performance.md).
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

/// Plain runs before the capture, in which the libraries choose their kernels and take their
/// memory.
constexpr int kPlainRuns = 3;

/// Runs plainly and captures on a side stream, since the default stream cannot be captured; replays
/// on the current stream.
class CapturedGraph : public CudaGraph {
 public:
  /// `pool`: the memory that all graphs of one factory share.
  CapturedGraph(at::cuda::MempoolId_t pool, c10::Stream side) : pool_(pool), side_(side) {}

  void run(const std::function<void()>& work) override {
    if (captured_) return graph_.replay();
    if (runs_++ < kPlainRuns) {
      on_side_stream(work);
      return;
    }
    c10::cuda::device_synchronize();
    on_side_stream([&] {
      graph_.capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
      work();
      graph_.capture_end();
    });
    captured_ = true;
    graph_.replay();
  }

 private:
  /// Runs after all work given to the current stream so far, and before any given to it later.
  template <class Work>
  void on_side_stream(const Work& work) {
    const c10::Stream current = c10::cuda::getCurrentCUDAStream().unwrap();
    c10::Event before(torch::kCUDA), after(torch::kCUDA);
    before.record(current);
    before.block(side_);
    {
      const c10::StreamGuard guard(side_);
      work();
    }
    after.record(side_);
    after.block(current);
  }

  at::cuda::MempoolId_t pool_;
  c10::Stream side_;
  at::cuda::CUDAGraph graph_;
  int runs_ = 0;
  bool captured_ = false;
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
          side = c10::cuda::getStreamFromPool(false, device.index()).unwrap()] {
    return std::make_unique<CapturedGraph>(pool, side);
  };
#else
  refuse("this build has no CUDA graphs: CUDA's headers were missing");
#endif
}

}  // namespace millrace::trainer
