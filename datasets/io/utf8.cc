// UTF-8, one code point at a time; runs of ASCII eight bytes at a time.
#include "datasets/io/utf8.h"

#include <cstring>

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

std::string encode_utf8(char32_t c) {
  const auto tail = [c](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | c >> 6), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0 | c >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | c >> 18), tail(12), tail(6), tail(0)};
}

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t at = skip_ascii(text, 0); at < text.size(); at = skip_ascii(text, at)) {
    const auto decoded = decode_utf8(text, at);
    if (!decoded) return at;
    at += decoded->bytes;
  }
  return text.size();
}

std::string invalid_utf8_message(std::uint64_t offset) {
  return "not valid UTF-8 at byte offset " + std::to_string(offset) +
         "; convert it, e.g. with iconv -f ISO-8859-1 -t UTF-8";
}

std::size_t incomplete_utf8_bytes(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<std::uint8_t>(text[text.size() - back]);
    if (byte < 0x80) return 0;
    if (byte >= 0xC0) {  // a first byte, of 2, 3 or 4
      const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
      return length > back ? back : 0;
    }
  }
  return 0;
}

}  // namespace millrace::datasets
