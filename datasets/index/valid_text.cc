#include "datasets/index/valid_text.h"

#include <cstring>
#include <stdexcept>

#include "datasets/index/text_scanner.h"
#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

/// Offset of the first byte from `at` on that is not ASCII.
std::size_t skip_ascii(std::string_view text, std::size_t at) {
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & 0x8080808080808080U) != 0) break;
  }
  while (at < text.size() && static_cast<std::uint8_t>(text[at]) < 0x80) ++at;
  return at;
}

}  // namespace

std::string_view ValidText::take(std::string_view piece) {
  if (!tail_.empty()) {
    held_ = tail_;
    held_ += piece;
    piece = held_;
    tail_.clear();
  }
  const std::size_t cut = cut_character_bytes(piece);
  const std::string_view whole = piece.substr(0, piece.size() - cut);
  for (std::size_t at = skip_ascii(whole, 0); at < whole.size(); at = skip_ascii(whole, at)) {
    const auto decoded = decode_utf8(whole, at);
    if (!decoded) refuse(bytes_ + at);
    at += decoded->bytes;
  }
  tail_.assign(piece.substr(whole.size()));
  bytes_ += whole.size();
  return whole;
}

void ValidText::finish() const {
  if (!tail_.empty()) refuse(bytes_);
}

void ValidText::refuse(std::uint64_t at) const {
  throw std::runtime_error(place_ + ": not valid UTF-8 at byte offset " + std::to_string(at) +
                           "; convert it, e.g. with iconv -f ISO-8859-1 -t UTF-8");
}

}  // namespace millrace::datasets
