// c10d's NCCL group (device_group.h). The only file that includes NCCL's headers, where
// cmake/LibTorch.cmake found them.
#include "trainer/distributed/device_group.h"

#include <stdexcept>

#ifdef USE_C10D_NCCL

#include <c10/../torch/library.h>  // LibTorch's own, which lean_torch/ stands in for
#include <algorithm>
#include <cstdlib>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <vector>

namespace millrace::trainer {
namespace {

/// Makes a missing rank an exception in the waiting thread. By default a thread of c10d's would end
/// the process, without a message of ours.
void wait_on_the_host() { ::setenv("TORCH_NCCL_BLOCKING_WAIT", "1", /*overwrite=*/0); }

class NcclGroup final : public DeviceGroup {
 public:
  NcclGroup(const c10::intrusive_ptr<c10d::Store>& store, std::uint32_t rank, std::uint32_t world,
            std::chrono::seconds timeout) {
    wait_on_the_host();
    const auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    nccl_ = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, static_cast<int>(rank),
                                                        static_cast<int>(world), options);
  }
  ~NcclGroup() override { nccl_->shutdown(); }
  NcclGroup(const NcclGroup&) = delete;
  NcclGroup& operator=(const NcclGroup&) = delete;

  void all_reduce_sum(std::span<torch::Tensor> tensors) override {
    while (!tensors.empty()) {  // c10d coalesces tensors of one type
      const auto end = std::ranges::find_if(tensors, [&](const torch::Tensor& tensor) {
        return tensor.scalar_type() != tensors[0].scalar_type();
      });
      std::vector<torch::Tensor> alike(tensors.begin(), end);
      nccl_->allreduce_coalesced(alike)->wait();
      tensors = {end, tensors.end()};
    }
  }

  void broadcast(std::span<torch::Tensor> tensors) override {
    for (const torch::Tensor& tensor : tensors) {
      std::vector<torch::Tensor> one{tensor};
      nccl_->broadcast(one)->wait();
    }
  }

 private:
  c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl_;
};

}  // namespace

bool has_device_groups() { return true; }

std::unique_ptr<DeviceGroup> make_device_group(const c10::intrusive_ptr<c10d::Store>& store,
                                               std::uint32_t rank, std::uint32_t world,
                                               std::chrono::seconds timeout) {
  return std::make_unique<NcclGroup>(store, rank, world, timeout);
}

}  // namespace millrace::trainer

#else

namespace millrace::trainer {

bool has_device_groups() { return false; }

std::unique_ptr<DeviceGroup> make_device_group(const c10::intrusive_ptr<c10d::Store>&,
                                               std::uint32_t, std::uint32_t, std::chrono::seconds) {
  throw std::logic_error("this build has no NCCL");
}

}  // namespace millrace::trainer

#endif
