// Copies on a stream of their own (copy_stream.h), by LibTorch's words for any accelerator: no
// header of CUDA is needed.
//
// What a GPU does with this has not been run (docs/explanation/performance.md).
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

torch::Tensor CopyStream::bring(const torch::Tensor& host) const {
  if (!stream_) return host;
  const c10::Stream computing = c10::impl::VirtualGuardImpl(device_.type()).getStream(device_);
  const torch::Tensor pinned = host.pin_memory();  // which LibTorch keeps until the copy is done
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
