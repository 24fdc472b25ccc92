// Scalars of a device on their way to the host: asked for when they are computed, read when they
// are needed, so that the device has work meanwhile.
#pragma once

#include <c10/core/Event.h>

#include <initializer_list>
#include <optional>
#include <vector>

#include "trainer/base/torch.h"

namespace millrace::trainer {

class DeviceScalars {
 public:
  /// Asks for scalars of one device, as they are once it has done all work given to it so far. Does
  /// not wait.
  explicit DeviceScalars(std::initializer_list<torch::Tensor> scalars);

  /// Their values in the same order; waits until they have arrived.
  [[nodiscard]] std::vector<double> get() const;

 private:
  torch::Tensor values_;               ///< f64 [n] on the host
  std::optional<c10::Event> arrived_;  ///< of an accelerator: `values_` is written
};

}  // namespace millrace::trainer
