// The one instantiation of the JSON reader and writer.
#include "proto/json_text.h"

#include <nlohmann/json.hpp>

namespace millrace::proto {

nlohmann::json read_json(std::string_view text) { return nlohmann::json::parse(text); }
nlohmann::ordered_json read_ordered_json(std::string_view text) {
  return nlohmann::ordered_json::parse(text);
}
nlohmann::json try_read_json(std::string_view text) {
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
