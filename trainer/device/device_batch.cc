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

WideBatch widen(const proto::StreamMeta& meta, const proto::Batch& batch, const CopyStream& to) {
  WideBatch wide;
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

const torch::Tensor& WideBatch::at(proto::Role role) const {
  const torch::Tensor& tensor = by_role_[static_cast<std::size_t>(role)];
  if (!tensor.defined()) {
    throw std::runtime_error("the stream has no field with role " +
                             std::string(proto::to_string(role)) +
                             ", which the objective needs; choose a provider that makes one");
  }
  return tensor;
}

WideBatch WideBatch::with(proto::Role role, torch::Tensor column) const {
  WideBatch changed = *this;
  changed.samples_ = column.size(0);
  changed.device_ = column.device();
  changed.by_role_[static_cast<std::size_t>(role)] = std::move(column);
  changed.chosen_ = torch::Tensor();  // they follow from the columns
  return changed;
}

WideBatch WideBatch::with_chosen(torch::Tensor numbers) const {
  WideBatch changed = *this;
  changed.chosen_ = std::move(numbers);
  return changed;
}

WideBatch WideBatch::kept(std::int64_t chosen) const {
  WideBatch copy = *this;
  for (torch::Tensor& column : copy.by_role_) {
    if (column.defined()) {
      column = torch::empty_like(column);
    }
  }
  if (chosen_.defined()) {
    copy.chosen_ = torch::empty({chosen}, chosen_.options());
  }
  copy.take(*this);
  return copy;
}

void WideBatch::take(const WideBatch& other) {
  for (std::size_t i = 0; i < by_role_.size(); ++i) {
    if (by_role_[i].defined()) {
      by_role_[i].copy_(other.by_role_[i]);
    }
  }
  if (!chosen_.defined()) {
    return;
  }
  const std::int64_t count = other.chosen_.size(0);
  chosen_.narrow(0, 0, count).copy_(other.chosen_);
  chosen_.narrow(0, count, chosen_.size(0) - count).fill_(-1);
}

torch::Tensor WideBatch::stages() const {
  const torch::Tensor& stages = by_role_[static_cast<std::size_t>(proto::Role::kStage)];
  return stages.defined() ? stages.reshape({samples_})
                          : torch::zeros({samples_}, torch::dtype(torch::kInt64).device(device_));
}

}  // namespace millrace::trainer
