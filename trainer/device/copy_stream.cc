// Copies on a stream of their own (copy_stream.h), through LibTorch's interface for any
// accelerator: no header of CUDA is needed.
//
// Not run on a GPU yet (docs/explanation/performance.md).
#include "trainer/device/copy_stream.h"

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace millrace::trainer {

CopyStream::CopyStream(torch::Device device) : device_(device) {
  if (!device.is_cpu()) {
    stream_ = c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
  }
}

torch::Tensor CopyStream::host_tensor(torch::IntArrayRef shape, torch::ScalarType type) const {
  return torch::empty(shape, torch::dtype(type).pinned_memory(stream_.has_value()));
}

torch::Tensor CopyStream::copy(const torch::Tensor& host) const {
  if (!stream_) return host;
  const c10::Stream computing = c10::impl::VirtualGuardImpl(device_.type()).getStream(device_);
  // LibTorch keeps pinned memory until copies from it are done. Where `host` is pinned already this
  // is `host`.
  const torch::Tensor pinned = host.pin_memory();
  torch::Tensor there;
  {
    const c10::StreamGuard beside(*stream_);
    there = pinned.to(device_, pinned.scalar_type(), /*non_blocking=*/true);
  }
  c10::Event copied(device_.type());
  copied.record(*stream_);
  copied.block(computing);
  there.record_stream(computing);
  return there;
}

}  // namespace millrace::trainer
