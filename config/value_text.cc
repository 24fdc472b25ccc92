// Values as TOML.
#include "config/value_text.h"

#include <array>
#include <charconv>
#include <ranges>
#include <type_traits>

#include "base/text.h"
#include "config/dataset_keys.h"
#include "config/stages.h"

namespace millrace::config {
namespace {

std::string float_text(double value) {
  std::string text = shortest(value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";  // "n": nan and inf
  return text;
}

std::string escaped(char c) {
  switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\n': return "\\n";
    case '\t': return "\\t";
    default: break;
  }
  const auto code = static_cast<unsigned char>(c);
  if (code >= 0x20 && code != 0x7f) return std::string(1, c);
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return std::string("\\u00") + kDigits[code >> 4] + kDigits[code & 15];
}

std::string member(const StageKey& key, const StageOptions& stage) {
  return ", " + std::string(key.name) + " = " + to_toml(key.get(stage));
}

std::string inline_table(const SettingTable& settings) {
  return "{" +
         base::joined(
             settings, ", ",
             [](const auto& setting) { return setting.first + " = " + to_toml(setting.second); }) +
         "}";
}

std::string inline_table(const StageOptions& stage) {
  std::string text = "{type = " + toml_string(stage.type);
  if (const KeyedStageType* type = find_keyed_stage_type(stage.type)) {
    for (const StageKey& key : type->keys) text += member(key, stage);
  } else {
    text += ", " + std::string(kStageSettings) + " = " + inline_table(stage.settings);
  }
  for (const StageKey& key : schedule_keys()) {
    if (!std::holds_alternative<std::monostate>(key.get(stage))) text += member(key, stage);
  }
  return text + "}";
}

/// Name and path, and every key whose value is not the default.
std::string inline_table(const DatasetOptions& dataset) {
  static const DatasetOptions kDefaults;
  const auto is_written = [&](const DatasetKey& key) {
    return key.required || key.get(dataset) != key.get(kDefaults);
  };
  const auto spell = [&](const DatasetKey& key) {
    return std::string(key.name) + " = " + to_toml(key.get(dataset));
  };
  return "{" + base::joined(dataset_keys() | std::views::filter(is_written), ", ", spell) + "}";
}

template <class Table>
std::string array(const std::vector<Table>& tables) {
  if (tables.empty()) return "[]";
  std::string text = "[\n";
  for (const Table& table : tables) text += "  " + inline_table(table) + ",\n";
  return text + "]";
}

std::string array(const std::vector<WeightPoint>& points) {
  if (points.size() == 1 && points.front().sample == 0) return float_text(points.front().weight);
  return "[" +
         base::joined(points, ", ",
                      [](const WeightPoint& point) {
                        return "[" + std::to_string(point.sample) + ", " +
                               float_text(point.weight) + "]";
                      }) +
         "]";
}

}  // namespace

std::string shortest(double value) {
  std::array<char, 32> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) out += escaped(c);
  return out + "\"";
}

std::string to_toml(const Setting& setting) {
  if (const auto* integer = std::get_if<std::int64_t>(&setting)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&setting)) return float_text(*number);
  if (const auto* text = std::get_if<std::string>(&setting)) return toml_string(*text);
  return std::get<bool>(setting) ? "true" : "false";
}

std::string to_toml(const Value& value) {
  return std::visit(
      [](const auto& held) -> std::string {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return "(unset)";
        } else if constexpr (std::is_same_v<T, bool>) {
          return held ? "true" : "false";
        } else if constexpr (std::is_same_v<T, std::uint64_t>) {
          return std::to_string(held);
        } else if constexpr (std::is_same_v<T, double>) {
          return float_text(held);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return toml_string(held);
        } else if constexpr (std::is_same_v<T, SettingTable>) {
          return inline_table(held);
        } else {
          return array(held);
        }
      },
      value);
}

}  // namespace millrace::config
