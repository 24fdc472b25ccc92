// A batch as tensors: from the narrow columns of the wire to wide ones on the device.
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
  [[nodiscard]] std::int64_t samples() const { return samples_; }
  /// The numbers of the positions whose logits the loss needs (positions.h), i64 [n]. Undefined:
  /// not found yet, or the loss needs every position.
  [[nodiscard]] const torch::Tensor& loss_positions() const { return loss_positions_; }

  /// This batch with another column of this role, [B, …], and without loss positions, which follow
  /// from the columns. An empty batch becomes one of B samples.
  [[nodiscard]] DeviceBatch with(proto::Role role, torch::Tensor column) const;
  /// This batch with these loss positions, i64 [n] on the same device.
  [[nodiscard]] DeviceBatch with_loss_positions(torch::Tensor numbers) const;
  /// This batch of the host on the device.
  [[nodiscard]] DeviceBatch copied(const CopyStream& to) const;

  /// A copy in memory of its own. Loss positions, where there are any, are padded with −1 to this
  /// number.
  [[nodiscard]] DeviceBatch padded_copy(std::int64_t loss_positions) const;
  /// Copies a batch of the same shapes into this one's memory. Loss positions, of which `other` may
  /// have fewer, are padded with −1.
  void copy_from(const DeviceBatch& other);

 private:
  friend DeviceBatch widen_on_host(const proto::StreamMeta&, const proto::Batch&,
                                   const CopyStream&);
  static constexpr std::size_t kRoles = static_cast<std::size_t>(proto::Role::kStage) + 1;
  std::array<torch::Tensor, kRoles> by_role_;
  torch::Tensor loss_positions_;
  std::int64_t samples_ = 0;
  torch::Device device_ = torch::kCPU;
};

/// Widens the wire columns to i64 or f32 on the host, in memory that `to` can copy from; a sentinel
/// becomes the stream's ignore_index. Of two fields with one role the first counts. The result does
/// not refer to the batch's memory.
[[nodiscard]] DeviceBatch widen_on_host(const proto::StreamMeta& meta, const proto::Batch& batch,
                                        const CopyStream& to);

/// widen_on_host, then copied.
[[nodiscard]] DeviceBatch to_device(const proto::StreamMeta& meta, const proto::Batch& batch,
                                    const CopyStream& to);

}  // namespace millrace::trainer
