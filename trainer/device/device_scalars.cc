// A copy into pinned memory and an event behind it (device_scalars.h), through LibTorch's interface
// for any accelerator.
//
// Not run on a GPU yet (docs/explanation/performance.md).
#include "trainer/device/device_scalars.h"

#include <c10/core/impl/VirtualGuardImpl.h>

namespace millrace::trainer {

DeviceScalars::DeviceScalars(std::initializer_list<torch::Tensor> scalars) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> wide;
  for (const torch::Tensor& scalar : scalars) wide.push_back(scalar.to(torch::kFloat64));
  const torch::Tensor computed = torch::stack(wide);
  if (computed.is_cpu()) {
    values_ = computed;
    return;
  }
  values_ = torch::empty(computed.sizes(), torch::dtype(torch::kFloat64).pinned_memory(true));
  values_.copy_(computed, /*non_blocking=*/true);
  const torch::Device device = computed.device();
  arrived_.emplace(device.type());
  arrived_->record(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
}

std::vector<double> DeviceScalars::get() const {
  if (arrived_) arrived_->synchronize();
  const double* const first = values_.const_data_ptr<double>();
  return {first, first + values_.numel()};
}

}  // namespace millrace::trainer
