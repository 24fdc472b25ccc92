// Work that a device is given again and again, the same each time but for what lies in the tensors
// it reads: recorded once, and from then on given to the device at once, so that the host need not
// go through it.
#pragma once

#include <functional>
#include <memory>

#include "config/options.h"
#include "trainer/base/torch.h"

namespace millrace::trainer {

class CudaGraph {
 public:
  virtual ~CudaGraph() = default;
  /// Does the work, which must be the same in every call: it reads and writes tensors that stay
  /// where they are, asks the device for nothing, and keeps no tensor that it made. The first calls
  /// run it plainly; later ones may leave `work` alone.
  virtual void run(const std::function<void()>& work) = 0;
};

/// Makes the recordings of one model's steps, which never run at the same time. Empty: nothing is
/// recorded.
using GraphFactory = std::function<std::unique_ptr<CudaGraph>()>;

/// CUDA graphs where train.cuda_graphs asks for them, else empty. Throws UsageError where the
/// device is no GPU, or this build has none.
[[nodiscard]] GraphFactory graph_factory(const config::TrainOptions& train, torch::Device device);

}  // namespace millrace::trainer
