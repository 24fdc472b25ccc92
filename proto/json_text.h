// JSON between texts and nlohmann's values. Its reader and writer are compiled here, once for all
// rooms: they add two seconds and one second to every file that instantiates them.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace millrace::proto {

/// Texts that nest deeper are refused: nlohmann writes, copies and compares a value by recursion,
/// and a hundred thousand brackets would overflow the stack. Ours nest five deep at most.
inline constexpr std::size_t kDeepestJson = 64;
/// Whether a text does. The functions below ask it themselves.
[[nodiscard]] bool is_deep_json(std::string_view text);

/// Read a text, or throw nlohmann::json::parse_error. The second keeps the order of keys.
[[nodiscard]] nlohmann::json read_json(std::string_view text);
[[nodiscard]] nlohmann::ordered_json read_ordered_json(std::string_view text);
/// The same, but a discarded value where `text` is no JSON.
[[nodiscard]] nlohmann::json try_read_json(std::string_view text);

/// The text of a value: on one line, or with `indent` spaces for each level. Throws
/// nlohmann::json::type_error for strings that are not UTF-8.
[[nodiscard]] std::string json_text(const nlohmann::json& json, int indent = -1);
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

/// A result for people and their programs: on one line, with U+FFFD for bytes that are not UTF-8,
/// as the names of files may have them.
[[nodiscard]] std::string json_line(const nlohmann::ordered_json& json);

}  // namespace millrace::proto
