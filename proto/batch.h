// The samples of one range, column by column.
//
// A Batch is immutable and cheap to copy: its columns are views that share the ownership of the
// memory they lie in (a received frame, a file, a buffer). A provider fills a BatchView, which does
// not own its memory.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "proto/schema.h"
#include "proto/shared_bytes.h"
#include "proto/types.h"

namespace millrace::proto {

/// The samples of `range`: one column for each field.
struct Batch {
  Range range;
  std::vector<SharedBytes> columns;  ///< one per field of the schema, in its order

  /// Column `i` as values of T, whose size must be the field's width.
  template <class T>
  [[nodiscard]] std::span<const T> values(std::size_t i) const {
    assert(columns[i].bytes.size() % sizeof(T) == 0);
    return {reinterpret_cast<const T*>(columns[i].bytes.data()),
            columns[i].bytes.size() / sizeof(T)};
  }
};

/// The writable columns of a batch that is being filled.
struct BatchView {
  std::vector<std::span<std::byte>> columns;

  template <class T>
  [[nodiscard]] std::span<T> values(std::size_t i) const {
    assert(columns[i].size() % sizeof(T) == 0);
    return {reinterpret_cast<T*>(columns[i].data()), columns[i].size() / sizeof(T)};
  }
};

/// A new batch of zeros, and the view to fill it through. The view is valid as long as a copy of
/// the batch lives.
struct BatchBuffer {
  Batch batch;
  BatchView view;
};
[[nodiscard]] BatchBuffer make_batch(const Schema& schema, const Range& range);

/// Samples [first, first + count) as a view that shares the memory. `first` is an index of the
/// stream. Throws std::logic_error where they do not lie in the batch's range.
[[nodiscard]] Batch slice(const Schema& schema, const Batch& batch, std::uint64_t first,
                          std::uint32_t count);

/// One batch of adjacent pieces, given in order. A single piece is returned as it is; several are
/// copied. Throws std::logic_error for no piece, and where two are not adjacent.
[[nodiscard]] Batch join(const Schema& schema, std::span<const Batch> pieces);

/// Whether every column has the size that schema and range require.
[[nodiscard]] bool fits(const Schema& schema, const Batch& batch);

/// xxh64 of one row's wire bytes: the fields in schema order, without padding.
[[nodiscard]] std::uint64_t sample_digest(const Schema& schema, const Batch& batch,
                                          std::uint32_t row);

}  // namespace millrace::proto
