// UTF-8, one code point at a time.
#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

/// What a first byte announces: how many bytes, its payload bits, and the least code point that
/// needs so many bytes.
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

}  // namespace millrace::datasets
