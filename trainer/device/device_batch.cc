// Columns of the wire as tensors (device_batch.h).
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

/// The column where it lies, [count, …shape]. LibTorch has no tensors of constant memory; this one
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
  auto wide = to.host_tensor(narrow.sizes(), logical_type(field.logical));
  wide.copy_(narrow);
  if (field.sentinel) {
    wide.masked_fill_(wide.eq(static_cast<std::int64_t>(proto::largest(field.wire))), ignore_index);
  }
  return wide;
}

}  // namespace

// Widened on the host rather than on the device, because the loss positions and the weight of a
// micro-batch are found there, before the forward pass (step_loader.cc): so each column is widened
// once. A GPU then receives eight bytes a token instead of one to four, on a stream of their own,
// and is spared three kernels a column.
DeviceBatch widen_on_host(const proto::StreamMeta& meta, const proto::Batch& batch,
                          const CopyStream& to) {
  DeviceBatch wide;
  wide.samples_ = batch.range.count;
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

DeviceBatch to_device(const proto::StreamMeta& meta, const proto::Batch& batch,
                      const CopyStream& to) {
  return widen_on_host(meta, batch, to).copied(to);
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
  changed.loss_positions_ = torch::Tensor();
  return changed;
}

DeviceBatch DeviceBatch::with_loss_positions(torch::Tensor numbers) const {
  DeviceBatch changed = *this;
  changed.loss_positions_ = std::move(numbers);
  return changed;
}

DeviceBatch DeviceBatch::copied(const CopyStream& to) const {
  DeviceBatch there = *this;
  there.device_ = to.device();
  for (torch::Tensor& column : there.by_role_) {
    if (column.defined()) column = to.copy(column);
  }
  if (loss_positions_.defined()) there.loss_positions_ = to.copy(loss_positions_);
  return there;
}

DeviceBatch DeviceBatch::padded_copy(std::int64_t loss_positions) const {
  DeviceBatch copy = *this;
  for (torch::Tensor& column : copy.by_role_) {
    if (column.defined()) column = torch::empty_like(column);
  }
  if (loss_positions_.defined()) {
    copy.loss_positions_ = torch::empty({loss_positions}, loss_positions_.options());
  }
  copy.copy_from(*this);
  return copy;
}

void DeviceBatch::copy_from(const DeviceBatch& other) {
  for (std::size_t i = 0; i < by_role_.size(); ++i) {
    if (by_role_[i].defined()) by_role_[i].copy_(other.by_role_[i]);
  }
  if (!loss_positions_.defined()) return;
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
