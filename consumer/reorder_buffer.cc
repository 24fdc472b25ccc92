// Batches that have arrived, in order (reorder_buffer.h).
#include "consumer/reorder_buffer.h"

#include <algorithm>
#include <iterator>

namespace millrace::consumer {

std::optional<proto::Batch> ReorderBuffer::get(std::uint64_t first, std::uint32_t count) const {
  if (batches_.empty() || first < batches_.begin()->first) return std::nullopt;
  auto batch = batches_.begin();
  // Usually it is the first batch.
  if (batch->second.range.end() <= first) batch = std::prev(batches_.upper_bound(first));
  const std::uint64_t end = first + count;
  if (end <= batch->second.range.end()) return proto::slice(schema_, batch->second, first, count);
  std::vector<proto::Batch> pieces;
  for (std::uint64_t at = first; at < end; ++batch) {
    if (batch == batches_.end() || batch->first > at || batch->second.range.end() <= at) {
      return std::nullopt;
    }
    const std::uint64_t until = std::min(end, batch->second.range.end());
    pieces.push_back(
        proto::slice(schema_, batch->second, at, static_cast<std::uint32_t>(until - at)));
    at = until;
  }
  return proto::join(schema_, pieces);
}

bool ReorderBuffer::put(const proto::Batch& batch) {
  const bool is_new = batches_.try_emplace(batch.range.first, batch).second;
  if (is_new) samples_ += batch.range.count;
  return is_new;
}

void ReorderBuffer::drop_below(std::uint64_t index) {
  while (!batches_.empty() && batches_.begin()->second.range.end() <= index) drop(batches_.begin());
}

ReorderBuffer::Batches::iterator ReorderBuffer::drop(Batches::iterator batch) {
  samples_ -= batch->second.range.count;
  return batches_.erase(batch);
}

}  // namespace millrace::consumer
