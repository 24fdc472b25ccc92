// One pass over a UTF-8 text that comes in pieces. Finds which characters occur, where lines start,
// and checkpoints for random access. Takes at most 18 MB, whatever the text's size: lists that grow
// with the text go to sinks.
//
// One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "datasets/index/index_format.h"

namespace millrace::datasets {

class TextScanner {
 public:
  using Sink = std::function<void(std::uint64_t)>;

  /// `line_starts` gets the number of the character that starts each line that is not empty,
  /// `checkpoints` the byte offset of every kCheckpointCharacters-th character.
  TextScanner(Sink line_starts, Sink checkpoints);

  /// Takes the next piece of the text: complete characters, valid UTF-8.
  void take(std::string_view text);

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t characters() const { return characters_; }
  /// The characters that occur, by code point.
  [[nodiscard]] std::vector<CharacterCount> distinct() const;

 private:
  void take_one(char32_t code_point, std::uint64_t byte);

  struct Seen {
    std::uint64_t count = 0;
    std::uint64_t first_byte = 0;
  };

  Sink line_starts_;
  Sink checkpoints_;
  std::vector<Seen> seen_;  ///< by code point, up to the largest that was seen
  std::uint64_t bytes_ = 0;
  std::uint64_t characters_ = 0;
  bool line_begins_ = true;
};

}  // namespace millrace::datasets
