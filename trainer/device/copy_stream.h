// Copies from the host's memory to a device, beside what the device computes.
#pragma once

#include <c10/core/Stream.h>

#include <optional>

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// Copies tensors to one device. To an accelerator they travel from pinned memory on a stream of
/// their own, so a copy waits for nothing that is computed; for a CPU nothing is copied. One
/// thread.
class CopyStream {
 public:
  explicit CopyStream(torch::Device device);

  [[nodiscard]] torch::Device device() const { return device_; }
  /// An uninitialised tensor on the host, in memory that copy() takes as it is: pinned for an
  /// accelerator.
  [[nodiscard]] torch::Tensor host_tensor(torch::IntArrayRef shape, torch::ScalarType type) const;
  /// `host` on the device; whatever the current stream is given from now on waits until it is
  /// there. `host` may be released once this returns, but must not be changed. For a CPU the result
  /// is `host`.
  [[nodiscard]] torch::Tensor copy(const torch::Tensor& host) const;

 private:
  torch::Device device_;
  std::optional<c10::Stream> stream_;  ///< of an accelerator
};

}  // namespace millrace::trainer
