// Narrow wire columns to wide tensors (device_batch.h).
#include "trainer/device/device_batch.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace millrace::trainer {
namespace {

torch::ScalarType wire_type(proto::WireType type) {
  switch (type) {
    case proto::WireType::kU8: return torch::kUInt8;
    case proto::WireType::kU16: return torch::kUInt16;
    case proto::WireType::kU32: return torch::kUInt32;
    case proto::WireType::kF32: return torch::kFloat32;
  }
  throw std::logic_error("a wire type without a tensor type");
}

torch::ScalarType logical_type(proto::LogicalType type) {
  return type == proto::LogicalType::kI64 ? torch::kInt64 : torch::kFloat32;
}

/// The column where it lies, [count, …shape]; LibTorch has no tensors of constant memory, this one
/// is only read.
torch::Tensor view_of(const proto::Field& field, const proto::SharedBytes& column,
                      std::uint32_t count) {
  std::vector<std::int64_t> shape{count};
  shape.insert(shape.end(), field.shape.begin(), field.shape.end());
  return torch::from_blob(const_cast<std::byte*>(column.bytes.data()), shape,
                          wire_type(field.wire));
}

torch::Tensor widen_column(const proto::Field& field, const torch::Tensor& narrow,
                           std::int64_t ignore_index, const CopyStream& to) {
  auto wide =
      to.bring(narrow).to(logical_type(field.logical), /*non_blocking=*/false, /*copy=*/true);
  if (field.sentinel) {
    wide.masked_fill_(wide.eq(static_cast<std::int64_t>(proto::largest(field.wire))), ignore_index);
  }
  return wide;
}

}  // namespace

DeviceBatch to_device(const proto::StreamMeta& meta, const proto::Batch& batch,
                      const CopyStream& to) {
  DeviceBatch wide;
  wide.samples_ = batch.range.count;
  wide.device_ = to.device();
  for (std::size_t i = 0; i < meta.schema.fields.size(); ++i) {
    const proto::Field& field = meta.schema.fields[i];
    torch::Tensor& slot = wide.by_role_[static_cast<std::size_t>(field.role)];
    if (!slot.defined()) {
      slot = widen_column(field, view_of(field, batch.columns[i], batch.range.count),
                          meta.ignore_index, to);
    }
  }
  return wide;
}

const torch::Tensor& DeviceBatch::at(proto::Role role) const {
  const torch::Tensor& tensor = by_role_[static_cast<std::size_t>(role)];
  if (!tensor.defined()) {
    throw std::runtime_error("the stream has no field with role " +
                             std::string(proto::to_string(role)) +
                             ", which the objective needs; choose a provider that makes one");
  }
  return tensor;
}

DeviceBatch DeviceBatch::with(proto::Role role, torch::Tensor column) const {
  DeviceBatch changed = *this;
  changed.samples_ = column.size(0);
  changed.device_ = column.device();
  changed.by_role_[static_cast<std::size_t>(role)] = std::move(column);
  changed.loss_positions_ = torch::Tensor();  // they follow from the columns
  return changed;
}

DeviceBatch DeviceBatch::with_loss_positions(torch::Tensor numbers) const {
  DeviceBatch changed = *this;
  changed.loss_positions_ = std::move(numbers);
  return changed;
}

DeviceBatch DeviceBatch::kept(std::int64_t chosen) const {
  DeviceBatch copy = *this;
  for (torch::Tensor& column : copy.by_role_) {
    if (column.defined()) {
      column = torch::empty_like(column);
    }
  }
  if (loss_positions_.defined()) {
    copy.loss_positions_ = torch::empty({chosen}, loss_positions_.options());
  }
  copy.take(*this);
  return copy;
}

void DeviceBatch::take(const DeviceBatch& other) {
  for (std::size_t i = 0; i < by_role_.size(); ++i) {
    if (by_role_[i].defined()) {
      by_role_[i].copy_(other.by_role_[i]);
    }
  }
  if (!loss_positions_.defined()) {
    return;
  }
  const std::int64_t count = other.loss_positions_.size(0);
  loss_positions_.narrow(0, 0, count).copy_(other.loss_positions_);
  loss_positions_.narrow(0, count, loss_positions_.size(0) - count).fill_(-1);
}

torch::Tensor DeviceBatch::stages() const {
  const torch::Tensor& stages = by_role_[static_cast<std::size_t>(proto::Role::kStage)];
  return stages.defined() ? stages.reshape({samples_})
                          : torch::zeros({samples_}, torch::dtype(torch::kInt64).device(device_));
}

}  // namespace millrace::trainer
