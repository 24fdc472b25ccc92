// Escaping what a terminal would obey (terminal_text.h).
#include "config/app/terminal_text.h"

#include <cstdint>
#include <cstdio>

#include "base/utf8.h"

namespace millrace::config {
namespace {

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
    const auto decoded = base::decode_utf8(text, 0);
    if (!decoded) {
      shown += escape("\\x%02x", static_cast<unsigned char>(text.front()));
    } else if (const auto [code, bytes] = *decoded; !is_obeyed(code)) {
      shown += text.substr(0, bytes);
    } else {
      shown += code == '\n' ? "\\n" : escape(code < 0x80 ? "\\x%02x" : "\\u%04x", code);
    }
    text.remove_prefix(decoded ? decoded->bytes : 1);
  }
  return shown;
}

}  // namespace millrace::config
