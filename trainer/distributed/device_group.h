// Collective operations from GPU to GPU, by NCCL, where this LibTorch was built with CUDA and comes
// with its headers.
//
// Not run on a GPU yet (docs/explanation/performance.md).
#pragma once

#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

#include "trainer/base/torch.h"

namespace c10d {
class Store;
}

namespace millrace::trainer {

/// All ranks call the same operations in the same order, each with the same tensors of its own GPU.
/// Operations return when they are done. They throw what c10d throws where a rank is missing for
/// longer than the timeout, whatever it does meanwhile: NCCL's cannot be made longer while an
/// operation waits.
class DeviceGroup {
 public:
  virtual ~DeviceGroup() = default;
  /// Replaces each tensor by its sum over the ranks.
  virtual void all_reduce_sum(std::span<torch::Tensor> tensors) = 0;
  /// Replaces each tensor by rank 0's.
  virtual void broadcast(std::span<torch::Tensor> tensors) = 0;
};

/// Whether this build has NCCL.
[[nodiscard]] bool has_device_groups();

/// The group of the current GPUs of `world` ranks, one GPU each, which find each other through
/// `store`. Throws std::logic_error in a build without NCCL.
[[nodiscard]] std::unique_ptr<DeviceGroup> make_device_group(
    const c10::intrusive_ptr<c10d::Store>& store, std::uint32_t rank, std::uint32_t world,
    std::chrono::seconds timeout);

}  // namespace millrace::trainer
