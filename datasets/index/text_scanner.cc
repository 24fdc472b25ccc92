#include "datasets/index/text_scanner.h"

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

std::size_t cut_character_bytes(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<std::uint8_t>(text[text.size() - back]);
    if (byte < 0x80) return 0;
    if (byte >= 0xC0) {  // a first byte: it announces 2, 3 or 4
      const std::size_t announced = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
      return announced > back ? back : 0;
    }
  }
  return 0;
}

}  // namespace millrace::datasets
