// From the host's memory to a device, beside what the device computes.
#pragma once

#include <c10/core/Stream.h>

#include <optional>

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// The way to one device. To an accelerator tensors travel through pinned memory on a stream of
/// their own, so the copy waits for nothing that is computed; to a CPU nothing travels. One thread.
class CopyStream {
 public:
  explicit CopyStream(torch::Device device);

  [[nodiscard]] torch::Device device() const { return device_; }
  /// The tensor on the device; what the current stream is given from now on waits until it is
  /// there. `host` may be gone once this returns, but for a CPU, where the result is `host`.
  [[nodiscard]] torch::Tensor bring(const torch::Tensor& host) const;

 private:
  torch::Device device_;
  std::optional<c10::Stream> stream_;  ///< of an accelerator
};

}  // namespace millrace::trainer
