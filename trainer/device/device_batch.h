// From the wire to the device: narrow columns travel, wide tensors are made where they are used.
#pragma once

#include <array>

#include "proto/batch.h"
#include "proto/meta.h"
#include "trainer/base/torch.h"
#include "trainer/device/copy_stream.h"

namespace millrace::trainer {

/// The columns of a batch as tensors on one device, by role.
class DeviceBatch {
 public:
  /// i64 or f32 [B, …shape]. Throws std::runtime_error where the stream has no field of this role.
  [[nodiscard]] const torch::Tensor& at(proto::Role role) const;
  /// The stage of each sample, i64 [B]; zeros where the stream has no stage column.
  [[nodiscard]] torch::Tensor stages() const;
  /// The same with another column of this role, [B, …]; an empty batch becomes one of B samples.
  [[nodiscard]] DeviceBatch with(proto::Role role, torch::Tensor column) const;
  /// The same with the numbers of the positions that its objective chooses (positions.h), i64 [n],
  /// on the same device.
  [[nodiscard]] DeviceBatch with_loss_positions(torch::Tensor numbers) const;
  /// Undefined where nobody has found them.
  [[nodiscard]] const torch::Tensor& loss_positions() const { return loss_positions_; }
  [[nodiscard]] std::int64_t samples() const { return samples_; }

  /// A copy in memory of its own, with room for so many chosen positions where some are chosen.
  [[nodiscard]] DeviceBatch kept(std::int64_t chosen) const;
  /// Copies another batch of the same shapes over this one, where it is; chosen positions that it
  /// has fewer of are −1.
  void take(const DeviceBatch& other);

 private:
  friend DeviceBatch to_device(const proto::StreamMeta&, const proto::Batch&, const CopyStream&);
  static constexpr std::size_t kRoles = static_cast<std::size_t>(proto::Role::kStage) + 1;
  std::array<torch::Tensor, kRoles> by_role_;
  torch::Tensor loss_positions_;
  std::int64_t samples_ = 0;
  torch::Device device_ = torch::kCPU;
};

/// Copies the wire bytes to the stream's device and widens them there; a sentinel becomes the
/// stream's ignore_index. The result does not refer to the batch's memory. Of two fields with one
/// role the first counts.
[[nodiscard]] DeviceBatch to_device(const proto::StreamMeta& meta, const proto::Batch& batch,
                                    const CopyStream& to);

}  // namespace millrace::trainer
