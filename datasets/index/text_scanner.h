// Looks once at a UTF-8 text that comes in pieces: which characters it has, where lines start, and
// checkpoints for random access. Takes 18 MB at most, whatever the text's size; what grows goes to
// the sinks.
//
// One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "datasets/index/index_format.h"
#include "datasets/io/utf8.h"

namespace millrace::datasets {

class TextScanner {
 public:
  using Sink = std::function<void(std::uint64_t)>;

  /// `line_starts` gets the character number of every line that is not empty, `checkpoints` the
  /// byte offset of every kCheckpointCharacters-th character.
  TextScanner(Sink line_starts, Sink checkpoints);

  /// Whole characters that follow what was taken before. They must be valid UTF-8.
  void take(std::string_view text);

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t characters() const { return characters_; }
  /// Which occur, by code point.
  [[nodiscard]] std::vector<CharacterCount> distinct() const;

 private:
  void take_one(char32_t code_point, std::uint64_t byte);

  struct Seen {
    std::uint64_t count = 0;
    std::uint64_t first_byte = 0;
  };

  Sink line_starts_;
  Sink checkpoints_;
  std::vector<Seen> seen_;  ///< by code point, as far as one was seen
  std::uint64_t bytes_ = 0;
  std::uint64_t characters_ = 0;
  bool line_begins_ = true;
};

/// How many bytes at the end of `text` may begin a character that is not whole: 0 to 3.
[[nodiscard]] std::size_t cut_character_bytes(std::string_view text);

}  // namespace millrace::datasets
