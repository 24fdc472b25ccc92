// One pass over a text, character by character.
#include "datasets/index/text_scanner.h"

#include <optional>
#include <utility>

#include "datasets/io/utf8.h"

namespace millrace::datasets {

TextScanner::TextScanner(Sink line_starts, Sink checkpoints)
    : line_starts_(std::move(line_starts)), checkpoints_(std::move(checkpoints)), seen_(128) {}

void TextScanner::take(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<std::uint8_t>(text[at]);
    if (byte < 0x80) {
      take_one(byte, bytes_ + at);
      ++at;
    } else {
      const std::optional<Decoded> decoded = decode_utf8(text, at);
      take_one(decoded->code_point, bytes_ + at);
      at += decoded->bytes;
    }
  }
  bytes_ += text.size();
}

inline void TextScanner::take_one(char32_t code_point, std::uint64_t byte) {
  if (code_point >= seen_.size()) seen_.resize(code_point + 1);
  Seen& seen = seen_[code_point];
  if (seen.count++ == 0) seen.first_byte = byte;
  if (characters_ % kCheckpointCharacters == 0) checkpoints_(byte);
  if (code_point == '\n') {
    line_begins_ = true;
  } else if (line_begins_) {
    line_begins_ = false;
    line_starts_(characters_);
  }
  ++characters_;
}

std::vector<CharacterCount> TextScanner::distinct() const {
  std::vector<CharacterCount> all;
  for (std::size_t c = 0; c < seen_.size(); ++c) {
    if (seen_[c].count > 0) all.push_back({c, seen_[c].count, seen_[c].first_byte});
  }
  return all;
}

}  // namespace millrace::datasets
