// CUDA graphs: work that is captured once and then replayed with new inputs in the same tensors, so
// that the host launches all its kernels at once.
#pragma once

#include <functional>
#include <memory>

#include "config/options.h"
#include "trainer/base/torch.h"

namespace millrace::trainer {

/// One piece of work. An interface, so that a test on a CPU can stand in for a GPU.
class CudaGraph {
 public:
  virtual ~CudaGraph() = default;
  /// Does `work`, which must be the same in every call: it reads and writes tensors that stay where
  /// they are, reads nothing back from the device, and keeps no tensor that it made. The first
  /// calls run it plainly; later ones replay it and need not call `work`.
  virtual void run(const std::function<void()>& work) = 0;
};

/// Makes the graphs of one model's steps. They share memory, so no two may run at the same time.
/// Empty: no graphs.
using GraphFactory = std::function<std::unique_ptr<CudaGraph>()>;

/// A factory where train.cuda_graphs is set, else an empty one. Throws UsageError where the device
/// is no GPU, or this build has no CUDA graphs.
[[nodiscard]] GraphFactory graph_factory(const config::TrainOptions& train, torch::Device device);

}  // namespace millrace::trainer
