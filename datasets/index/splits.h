// Cuts a dataset into train, val and test, in this order. Positions count the characters of a text,
// or the tokens of token files.
#pragma once

#include <cstdint>
#include <string>

#include "datasets/index/indexed_text.h"
#include "datasets/sources/source_files.h"
#include "datasets/token_text.h"
#include "proto/types.h"

namespace millrace::datasets {

/// Positions in a dataset.
struct Cuts {
  std::uint64_t val = 0;   ///< end of train, begin of val
  std::uint64_t test = 0;  ///< end of val, begin of test
  std::uint64_t end = 0;   ///< end of test, and of the dataset

  /// The split is [first, last).
  [[nodiscard]] std::uint64_t first(proto::Split split) const;
  [[nodiscard]] std::uint64_t last(proto::Split split) const;
};

/// Cuts n characters or tokens anywhere: train is the first floor(n · (1 − val − test)), test
/// begins at floor(n · (1 − test)). Shares are rounded to 1e-9.
[[nodiscard]] Cuts cut_anywhere(std::uint64_t n, Shares shares);

/// Cuts the text of `sources`. A file of plain text is cut anywhere; text8 at 90 % and 95 %. A text
/// of several documents is cut at its end or where a document begins: at the nearest such place to
/// the cut of cut_anywhere(), the earlier one of two. Throws std::runtime_error if train, or a
/// split with a share above 0, would be empty.
[[nodiscard]] Cuts cut_text(const IndexedText& text, const SourceFiles& sources, Shares shares);

}  // namespace millrace::datasets
