// JSON between text and values of nlohmann's: its reader and writer, compiled here once, as they
// take two seconds and one in every file that instantiates them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace millrace::proto {

/// Throw nlohmann::json::parse_error; the second keeps the order of keys.
[[nodiscard]] nlohmann::json read_json(std::string_view text);
[[nodiscard]] nlohmann::ordered_json read_ordered_json(std::string_view text);
/// A discarded value where `text` is no JSON.
[[nodiscard]] nlohmann::json try_read_json(std::string_view text);

/// On one line, or with so many spaces for each level. Throws nlohmann::json::type_error for
/// strings that are not UTF-8.
[[nodiscard]] std::string json_text(const nlohmann::json& json, int indent = -1);
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace millrace::proto
