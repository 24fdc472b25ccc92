// Making, cutting and joining batches.
#include "proto/batch.h"

#include <cstring>
#include <stdexcept>

#include "proto/digest.h"

namespace millrace::proto {
namespace {

std::size_t bytes_of(const Schema& schema, const Range& range) {
  std::size_t total = 0;
  for (const Field& field : schema.fields) {
    total += column_aligned(field.bytes_per_sample() * range.count);
  }
  return total;
}

/// A batch whose columns lie one after the other in `memory`, which is not initialised.
BatchBuffer lay_out(const Schema& schema, const Range& range,
                    const std::shared_ptr<std::byte>& memory) {
  BatchBuffer buffer;
  buffer.batch.range = range;
  std::byte* at = memory.get();
  for (const Field& field : schema.fields) {
    const std::size_t bytes = field.bytes_per_sample() * range.count;
    buffer.batch.columns.push_back({memory, {at, bytes}});
    buffer.view.columns.push_back({at, bytes});
    at += column_aligned(bytes);
  }
  return buffer;
}

}  // namespace

BatchBuffer make_batch(const Schema& schema, const Range& range) {
  const std::size_t total = bytes_of(schema, range);
  const std::shared_ptr<std::byte> memory = aligned_memory(total);
  std::memset(memory.get(), 0, total);
  return lay_out(schema, range, memory);
}

Batch slice(const Schema& schema, const Batch& batch, std::uint64_t first, std::uint32_t count) {
  if (first < batch.range.first || first + count > batch.range.end()) {
    throw std::logic_error("slice outside of its batch");
  }
  if (first == batch.range.first && count == batch.range.count) {
    return batch;
  }
  Batch part;
  part.range = {batch.range.split, first, count, batch.range.stage};
  part.columns.reserve(schema.fields.size());
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const std::size_t row = schema.fields[i].bytes_per_sample();
    const SharedBytes& whole = batch.columns[i];
    part.columns.push_back(
        {whole.owner, whole.bytes.subspan((first - batch.range.first) * row, count * row)});
  }
  return part;
}

Batch join(const Schema& schema, std::span<const Batch> pieces) {
  if (pieces.size() == 1) return pieces.front();
  if (pieces.empty()) throw std::logic_error("nothing to join");
  Range whole = pieces.front().range;
  for (const Batch& piece : pieces.subspan(1)) {
    if (piece.range.split != whole.split || piece.range.first != whole.end()) {
      throw std::logic_error("pieces are not adjacent");
    }
    whole.count += piece.range.count;
  }
  BatchBuffer buffer = lay_out(schema, whole, aligned_memory(bytes_of(schema, whole)));
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    std::byte* to = buffer.view.columns[i].data();
    for (const Batch& piece : pieces) {
      const auto bytes = piece.columns[i].bytes;
      if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
      to += bytes.size();
    }
  }
  return buffer.batch;
}

bool fits(const Schema& schema, const Batch& batch) {
  if (batch.columns.size() != schema.fields.size()) return false;
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    if (batch.columns[i].bytes.size() != schema.fields[i].bytes_per_sample() * batch.range.count) {
      return false;
    }
  }
  return true;
}

std::uint64_t sample_digest(const Schema& schema, const Batch& batch, std::uint32_t row) {
  Digest digest;
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const std::size_t bytes = schema.fields[i].bytes_per_sample();
    digest.update(batch.columns[i].bytes.subspan(row * bytes, bytes));
  }
  return digest.value();
}

}  // namespace millrace::proto
