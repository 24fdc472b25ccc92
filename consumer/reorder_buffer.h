// ReorderBuffer keeps batches that have arrived, by index, until they are used: it puts them in
// order and drops duplicates.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <vector>

#include "proto/batch.h"
#include "proto/schema.h"

namespace millrace::consumer {

/// The samples of one split. Not thread-safe.
class ReorderBuffer {
 public:
  explicit ReorderBuffer(proto::Schema schema) : schema_(std::move(schema)) {}

  /// Keeps the batch; false if it is here already.
  bool put(const proto::Batch& batch);
  [[nodiscard]] bool has(std::uint64_t first) const { return batches_.contains(first); }

  /// How many samples are here.
  [[nodiscard]] std::uint64_t samples() const { return samples_; }

  /// Samples [first, first + count) if all of them are here.
  [[nodiscard]] std::optional<proto::Batch> get(std::uint64_t first, std::uint32_t count) const;

  /// Drops batches that lie entirely below `index`.
  void drop_below(std::uint64_t index);

  /// Drops batches for whose range `keep` is false.
  template <class Keep>
  void drop_unless(Keep keep) {
    for (auto batch = batches_.begin(); batch != batches_.end();) {
      batch = keep(batch->second.range) ? std::next(batch) : drop(batch);
    }
  }

 private:
  using Batches = std::map<std::uint64_t, proto::Batch>;
  Batches::iterator drop(Batches::iterator batch);

  proto::Schema schema_;
  Batches batches_;            ///< by first index; they do not overlap
  std::uint64_t samples_ = 0;  ///< in all batches
};

}  // namespace millrace::consumer
