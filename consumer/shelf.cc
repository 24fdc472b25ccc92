#include "consumer/shelf.h"

#include <algorithm>
#include <iterator>

namespace millrace::consumer {

std::optional<proto::Batch> Shelf::get(std::uint64_t first, std::uint32_t count) const {
  auto batch = batches_.upper_bound(first);
  if (batch == batches_.begin()) return std::nullopt;
  --batch;
  std::vector<proto::Batch> pieces;
  const std::uint64_t end = first + count;
  for (std::uint64_t at = first; at < end; ++batch) {
    if (batch == batches_.end() || batch->first > at || batch->second.range.end() <= at) return std::nullopt;
    const std::uint64_t until = std::min(end, batch->second.range.end());
    pieces.push_back(proto::slice(schema_, batch->second, at, static_cast<std::uint32_t>(until - at)));
    at = until;
  }
  return proto::join(schema_, pieces);
}

void Shelf::drop_below(std::uint64_t index) {
  while (!batches_.empty() && batches_.begin()->second.range.end() <= index) batches_.erase(batches_.begin());
}

}  // namespace millrace::consumer
