// What of a text is train, val and test, where it is made into token files.
//
// One document is cut by characters, as a stream of characters cuts it: train is the first floor(n · (1 − val − test)) of n, test
// the last, from floor(n · (1 − test)) on, shares counted in 1e-9. Of several none is cut: a split begins at the document whose
// start is nearest to its share of the bytes, at the earlier of two that are equally near.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/types.h"

namespace millrace::tools {

/// Documents to make tokens of: valid UTF-8, mapped or in memory for as long as this lives.
struct TextSource {
  std::string name;
  std::string place;  ///< for messages
  std::string hash;   ///< of the content
  std::uint64_t count = 0;
  std::function<std::string_view(std::uint64_t)> document;
};

/// The documents of one split, or the part of the only one.
struct SplitText {
  proto::Split split = proto::Split::kTrain;
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::function<std::string_view(std::uint64_t)> document;
};

/// train, and those of val and test whose fraction is above 0. Throws std::runtime_error where one of them would have no text.
[[nodiscard]] std::vector<SplitText> cut(const TextSource& source, double val_fraction, double test_fraction);

}  // namespace millrace::tools
