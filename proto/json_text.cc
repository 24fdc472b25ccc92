// The one instantiation of the JSON reader and writer.
#include "proto/json_text.h"

#include <nlohmann/json.hpp>
#include <optional>

namespace millrace::proto {

namespace {

/// The byte at which a text opens one level more than kDeepestJson; empty where it never does.
std::optional<std::size_t> too_deep_at(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepestJson) return at;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return std::nullopt;
}

void refuse_deep(std::string_view text) {
  if (const auto at = too_deep_at(text)) {
    throw nlohmann::json::parse_error::create(
        101, *at + 1, "nested deeper than " + std::to_string(kDeepestJson) + " levels", nullptr);
  }
}

}  // namespace

bool is_deep_json(std::string_view text) { return too_deep_at(text).has_value(); }

nlohmann::json read_json(std::string_view text) {
  refuse_deep(text);
  return nlohmann::json::parse(text);
}
nlohmann::ordered_json read_ordered_json(std::string_view text) {
  refuse_deep(text);
  return nlohmann::ordered_json::parse(text);
}
nlohmann::json try_read_json(std::string_view text) {
  if (is_deep_json(text)) return nlohmann::json::value_t::discarded;
  return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
}

std::string json_text(const nlohmann::json& json, int indent) { return json.dump(indent); }
std::string json_text(const nlohmann::ordered_json& json, int indent) { return json.dump(indent); }

std::string json_line(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false,
                   nlohmann::ordered_json::error_handler_t::replace) +
         '\n';
}

}  // namespace millrace::proto
