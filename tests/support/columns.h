// Batches for tests of objectives: given columns, as if a stream had brought them; and a network
// whose answer is given.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "proto/batch.h"
#include "proto/meta.h"
#include "trainer/device/device_batch.h"
#include "trainer/models/model.h"

namespace millrace::testing {

/// One column: i64 or f32, [B, …].
using Column = std::pair<proto::Role, torch::Tensor>;

struct ColumnStream {
  proto::StreamMeta meta;
  trainer::DeviceBatch batch;
};

inline proto::Field field_of(const Column& column) {
  const bool real = column.second.is_floating_point();
  std::vector<std::uint32_t> shape;
  for (std::int64_t i = 1; i < column.second.dim(); ++i) {
    shape.push_back(static_cast<std::uint32_t>(column.second.size(i)));
  }
  return {.name = std::string(proto::to_string(column.first)),
          .wire = real ? proto::WireType::kF32 : proto::WireType::kU32,
          .logical = real ? proto::LogicalType::kF32 : proto::LogicalType::kI64,
          .shape = shape,
          .role = column.first,
          .sentinel = column.first == proto::Role::kTarget};
}

/// The columns over the wire, and back: −100 travels as the sentinel, a time as f32.
inline ColumnStream stream_of(const std::vector<Column>& columns) {
  ColumnStream stream;
  stream.meta.provider = "columns";
  const auto count = static_cast<std::uint32_t>(columns.front().second.size(0));
  for (const Column& column : columns) stream.meta.schema.fields.push_back(field_of(column));
  stream.meta.block_size = static_cast<std::uint32_t>(columns.front().second.size(1));
  const auto buffer =
      proto::make_batch(stream.meta.schema, {proto::Split::kTrain, 0, count, std::nullopt});
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto values = columns[i].second.contiguous().flatten();
    for (std::int64_t j = 0; j < values.numel(); ++j) {
      const auto k = static_cast<std::size_t>(j);
      if (values.is_floating_point()) {
        buffer.view.values<float>(i)[k] = values[j].item<float>();
      } else {
        buffer.view.values<std::uint32_t>(i)[k] =
            static_cast<std::uint32_t>(values[j].item<std::int64_t>() == stream.meta.ignore_index
                                           ? 0xffffffff
                                           : values[j].item<std::int64_t>());
      }
    }
  }
  stream.batch = trainer::to_device(stream.meta, buffer.batch, trainer::CopyStream(torch::kCPU));
  return stream;
}

inline trainer::DeviceBatch batch_of(const std::vector<Column>& columns) {
  return stream_of(columns).batch;
}

/// Logits that are given, whatever the tokens; remembers what it was asked.
struct FixedNetwork : trainer::Network {
  explicit FixedNetwork(torch::Tensor given) : logits(std::move(given)) {}
  torch::Tensor encode(const trainer::NetworkInput& input) override {
    asked = input;
    return logits;
  }
  torch::Tensor project(const torch::Tensor& hidden) override { return hidden; }
  torch::Tensor logits;
  trainer::NetworkInput asked{torch::Tensor()};
};

/// Whether autograd's derivative of `value` by `at` is the central difference, in f64.
template <class Value>
double largest_gradient_error(Value value, const torch::Tensor& at) {
  constexpr double kStep = 1e-5;
  auto x = at.detach().clone().set_requires_grad(true);
  value(x).backward();
  const auto found = x.grad().flatten();
  double largest = 0.0;
  const torch::NoGradGuard no_grad;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    auto above = at.detach().clone(), below = at.detach().clone();
    above.view(-1)[i] += kStep;
    below.view(-1)[i] -= kStep;
    const double wanted =
        (value(above).template item<double>() - value(below).template item<double>()) / (2 * kStep);
    largest = std::max(
        largest, std::abs(wanted - found[i].template item<double>()) / (1.0 + std::abs(wanted)));
  }
  return largest;
}

}  // namespace millrace::testing
