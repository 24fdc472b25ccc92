// Batches that have arrived, by index, until they are used: puts them in order, and drops what it already has.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "proto/batch.h"
#include "proto/schema.h"

namespace millrace::consumer {

/// The samples of one split. Not thread-safe.
class Shelf {
 public:
  explicit Shelf(proto::Schema schema) : schema_(std::move(schema)) {}

  /// False: it was there already.
  bool put(const proto::Batch& batch) { return batches_.try_emplace(batch.range.first, batch).second; }
  [[nodiscard]] bool has(std::uint64_t first) const { return batches_.contains(first); }

  [[nodiscard]] std::uint64_t samples() const {
    std::uint64_t samples = 0;
    for (const auto& [first, batch] : batches_) samples += batch.range.count;
    return samples;
  }

  /// Samples [first, first + count) if all are there.
  [[nodiscard]] std::optional<proto::Batch> get(std::uint64_t first, std::uint32_t count) const;

  /// Drops batches that lie wholly below `index`.
  void drop_below(std::uint64_t index);

  /// Drops batches whose range does not satisfy `keep`.
  template <class Keep>
  void drop_unless(Keep keep) {
    std::erase_if(batches_, [&](const auto& entry) { return !keep(entry.second.range); });
  }

 private:
  proto::Schema schema_;
  std::map<std::uint64_t, proto::Batch> batches_;  ///< by first index; they do not overlap
};

}  // namespace millrace::consumer
