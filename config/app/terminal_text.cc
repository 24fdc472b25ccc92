// Escaping what a terminal would obey (terminal_text.h).
#include "config/app/terminal_text.h"

#include <cstdint>
#include <cstdio>

namespace millrace::config {
namespace {

/// The code point at the beginning of `text` and its length in bytes; length 0 where these bytes
/// are no UTF-8. Overlong forms and surrogates count as none.
struct Decoded {
  std::uint32_t code = 0;
  std::size_t bytes = 0;
};

Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  std::uint32_t code = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kLeast[bytes] || code > 0x10FFFF || surrogate ? Decoded{} : Decoded{code, bytes};
}

bool is_obeyed(std::uint32_t code) {
  const bool control = (code < 0x20 && code != '\t') || (code >= 0x7F && code <= 0x9F);
  const bool direction = code == 0x061C || code == 0x200E || code == 0x200F ||
                         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  const bool separator = code == 0x2028 || code == 0x2029;
  return control || direction || separator;
}

std::string escape(const char* format, std::uint32_t number) {
  char text[16];
  std::snprintf(text, sizeof text, format, static_cast<unsigned>(number));
  return text;
}

}  // namespace

std::string for_terminal(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const auto [code, bytes] = decode(text);
    if (bytes == 0) {
      shown += escape("\\x%02x", static_cast<unsigned char>(text.front()));
    } else if (!is_obeyed(code)) {
      shown += text.substr(0, bytes);
    } else {
      shown += code == '\n' ? "\\n" : escape(code < 0x80 ? "\\x%02x" : "\\u%04x", code);
    }
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return shown;
}

}  // namespace millrace::config
