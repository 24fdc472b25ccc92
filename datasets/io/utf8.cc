// UTF-8, one code point at a time; runs of ASCII eight bytes at a time.
#include "datasets/io/utf8.h"

#include <cstring>

namespace millrace::datasets {
namespace {

/// The meaning of a first byte: the character's number of bytes, the payload bits of this one, and
/// the smallest code point that needs so many bytes.
struct Lead {
  std::uint32_t bytes;
  std::uint8_t payload_mask;
  char32_t least;
};

std::optional<Lead> lead_of(std::uint8_t byte) {
  if (byte < 0x80) return Lead{1, 0x7F, 0};
  if ((byte & 0xE0) == 0xC0) return Lead{2, 0x1F, 0x80};
  if ((byte & 0xF0) == 0xE0) return Lead{3, 0x0F, 0x800};
  if ((byte & 0xF8) == 0xF0) return Lead{4, 0x07, 0x10000};
  return std::nullopt;
}

bool is_surrogate(char32_t code_point) { return code_point >= 0xD800 && code_point <= 0xDFFF; }

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

std::optional<Decoded> decode_utf8(std::string_view text, std::size_t at) {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::optional<Lead> lead = lead_of(byte(at));
  if (!lead || text.size() - at < lead->bytes) return std::nullopt;
  char32_t code_point = byte(at) & lead->payload_mask;
  for (std::size_t i = at + 1; i < at + lead->bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return std::nullopt;
    code_point = code_point << 6 | (byte(i) & 0x3F);
  }
  if (code_point < lead->least || code_point >= kCodePoints || is_surrogate(code_point)) {
    return std::nullopt;
  }
  return Decoded{code_point, lead->bytes};
}

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
