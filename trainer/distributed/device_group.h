// Sums among the GPUs of several ranks, without the hosts: NCCL, where this LibTorch was built with
// CUDA and comes with its headers.
//
// What a GPU does with this has not been run (docs/explanation/performance.md).
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

/// All ranks call the same operations in the same order, each with as many tensors of its GPU.
/// Operations return when they are done, and throw what c10d throws where a rank is missing for
/// longer than the timeout.
class DeviceGroup {
 public:
  virtual ~DeviceGroup() = default;
  /// Replaces each tensor by its sum over the ranks; rank 0's.
  virtual void all_reduce_sum(std::span<torch::Tensor> tensors) = 0;
  virtual void broadcast(std::span<torch::Tensor> tensors) = 0;
};

/// Whether this build can make one at all.
[[nodiscard]] bool has_device_groups();

/// Of the current GPUs of `world` ranks that meet in `store`, one GPU each.
[[nodiscard]] std::unique_ptr<DeviceGroup> make_device_group(
    const c10::intrusive_ptr<c10d::Store>& store, std::uint32_t rank, std::uint32_t world,
    std::chrono::seconds timeout);

}  // namespace millrace::trainer
