// Where a text is cut into train, val and test, in this order. Counted in characters, or in tokens
// of a token file.
#pragma once

#include <cstdint>
#include <string>

#include "datasets/index/indexed_text.h"
#include "datasets/shares.h"
#include "datasets/sources/source_files.h"
#include "proto/types.h"

namespace millrace::datasets {

struct Cuts {
  std::uint64_t val = 0;   ///< where val begins: train is before it
  std::uint64_t test = 0;  ///< where test begins
  std::uint64_t end = 0;

  [[nodiscard]] std::uint64_t first(proto::Split split) const;
  [[nodiscard]] std::uint64_t last(proto::Split split) const;  ///< one behind
};

/// Anywhere: train is the first floor(n · (1 − val − test)) of n, test the last, from floor(n · (1
/// − test)) on; shares count in 1e-9.
[[nodiscard]] Cuts cut_anywhere(std::uint64_t n, Shares shares);

/// A text of this format, whose files are `sources`. A plain text is cut anywhere. text8 has its
/// own cut, at 90 % and 95 %. Texts of documents are cut where a document begins, or at the end, as
/// near to cut_anywhere()'s place as can be, and before it where two are equally near. Throws
/// std::runtime_error where train, or a part with a share, would be empty.
[[nodiscard]] Cuts cut_text(const IndexedText& text, const SourceFiles& sources, Shares shares);

}  // namespace millrace::datasets
