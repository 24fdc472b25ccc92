// Numbers of a device on their way to the host: they are asked for when they are computed, and read
// when they are needed, so that the device has more to do meanwhile.
#pragma once

#include <c10/core/Event.h>

#include <initializer_list>
#include <optional>
#include <vector>

#include "trainer/base/torch.h"

namespace millrace::trainer {

class DeviceScalars {
 public:
  /// Scalars of one device, as they are once it has done all that it was given so far. Waits for
  /// nothing.
  explicit DeviceScalars(std::initializer_list<torch::Tensor> scalars);

  /// Waits until they are there.
  [[nodiscard]] std::vector<double> get() const;

 private:
  torch::Tensor values_;             ///< f64 [n] on the host
  std::optional<c10::Event> there_;  ///< of an accelerator: when they are
};

}  // namespace millrace::trainer
