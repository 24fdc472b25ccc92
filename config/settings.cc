// Lookup and validation of settings.
#include "config/settings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "config/errors.h"
#include "config/nearest.h"
#include "config/value_text.h"

namespace millrace::config {
namespace {

constexpr std::size_t kMaxNameBytes = 64;

/// Names that the meta uses itself: a setting of this name would be mistaken for it.
constexpr std::array<std::string_view, 5> kTaken = {"block_size", "data_seed", "dataset",
                                                    "format_version", "provider"};

bool is_one_line(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return text.size() <= kMaxSettingBytes && std::ranges::none_of(text, control);
}

template <class T>
constexpr std::string_view kExpected = "a text";
template <>
constexpr std::string_view kExpected<bool> = "true or false";
template <>
constexpr std::string_view kExpected<std::int64_t> = "a whole number";
template <>
constexpr std::string_view kExpected<double> = "a number";

template <class T>
std::optional<T> as(const Setting& setting) {
  if (const auto* held = std::get_if<T>(&setting)) return *held;
  if constexpr (std::is_same_v<T, double>) {
    if (const auto* number = std::get_if<std::int64_t>(&setting)) {
      return static_cast<double>(*number);
    }
  }
  return std::nullopt;
}

/// A table of settings, and how messages name it and its owner.
struct Table {
  const SettingTable& settings;
  std::string name;
  std::string owner;
};

Table table_of(const Options& options) {
  return {options.provider.settings, "provider.settings", "the provider"};
}
Table table_of(const StageOptions& stage) {
  return {stage.settings, "stage of type " + stage.type + ": settings", "the type"};
}

template <class T>
T find(const Table& table, const std::string& name, T otherwise) {
  const auto found = table.settings.find(name);
  if (found == table.settings.end()) return otherwise;
  if (const std::optional<T> value = as<T>(found->second)) return *value;
  throw UsageError(table.name + "." + name + " = " + to_toml(found->second) + ": expected " +
                   std::string(kExpected<T>));
}

void check(const Table& table, const std::vector<std::string>& known) {
  for (const auto& [name, value] : table.settings) {
    if (std::ranges::find(known, name) != known.end()) continue;
    throw UsageError(table.name + "." + name + ": " + table.owner + " has no such setting" +
                     (known.empty() ? "" : "; it has " + base::joined(known)) +
                     did_you_mean(name, known));
  }
}

}  // namespace

bool is_plain(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= kMaxNameBytes && std::ranges::all_of(name, plain);
}

std::string setting_name(std::string_view key) {
  constexpr std::string_view kSection = "provider.";
  constexpr std::string_view kTable = "settings.";
  if (key.starts_with(kSection)) key.remove_prefix(kSection.size());
  return std::string(key.starts_with(kTable) ? key.substr(kTable.size()) : std::string_view());
}

template <class T>
T setting(const Options& options, const std::string& name, T otherwise) {
  return find<T>(table_of(options), name, std::move(otherwise));
}

template <class T>
T setting(const StageOptions& stage, const std::string& name, T otherwise) {
  return find<T>(table_of(stage), name, std::move(otherwise));
}

template bool setting(const Options&, const std::string&, bool);
template std::int64_t setting(const Options&, const std::string&, std::int64_t);
template double setting(const Options&, const std::string&, double);
template std::string setting(const Options&, const std::string&, std::string);
template bool setting(const StageOptions&, const std::string&, bool);
template std::int64_t setting(const StageOptions&, const std::string&, std::int64_t);
template double setting(const StageOptions&, const std::string&, double);
template std::string setting(const StageOptions&, const std::string&, std::string);

void check_settings(const Options& options, const std::vector<std::string>& known) {
  check(table_of(options), known);
}

void check_settings(const StageOptions& stage, const std::vector<std::string>& known) {
  check(table_of(stage), known);
}

std::string setting_expectation() {
  return "true or false, a whole number, a finite number or a text of one line";
}

std::optional<std::string> validation_error(const std::string& name, const Setting& setting) {
  if (!is_plain(name)) {
    return "the name " + toml_string(name) + ": expected up to 64 letters, digits, _ and -";
  }
  if (std::ranges::find(kTaken, name) != kTaken.end()) {
    return "the name '" + name + "' is taken by what every stream says of itself; choose another";
  }
  const auto* number = std::get_if<double>(&setting);
  const auto* text = std::get_if<std::string>(&setting);
  const bool fits =
      (number == nullptr || std::isfinite(*number)) && (text == nullptr || is_one_line(*text));
  if (fits) return std::nullopt;
  return name + " = " + to_toml(setting) + ": expected " + setting_expectation();
}

std::optional<std::string> validation_error(const SettingTable& settings) {
  if (settings.size() > kMaxSettings) {
    return std::to_string(settings.size()) + " settings; a provider has at most " +
           std::to_string(kMaxSettings);
  }
  for (const auto& [name, setting] : settings) {
    if (auto wrong = validation_error(name, setting)) return wrong;
  }
  return std::nullopt;
}

}  // namespace millrace::config
