#include "config/settings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "config/value_text.h"

namespace millrace::config {
namespace {

constexpr std::size_t kMaxNameBytes = 64;

/// What the meta says anyway: a setting of this name would be taken for it.
constexpr std::array<std::string_view, 5> kTaken = {"block_size", "data_seed", "dataset", "format_version", "provider"};

bool is_plain(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kMaxNameBytes && std::ranges::all_of(name, plain);
}

bool is_one_line(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return text.size() <= kMaxSettingBytes && std::ranges::none_of(text, control);
}

}  // namespace

std::string setting_expectation() { return "true or false, a whole number, a finite number or a text of one line"; }

std::optional<std::string> flaw(const std::string& name, const Setting& setting) {
  if (!is_plain(name)) return "the name " + toml_string(name) + ": expected up to 64 letters, digits, _ and -";
  if (std::ranges::find(kTaken, name) != kTaken.end()) {
    return "the name '" + name + "' is taken by what every stream says of itself; choose another";
  }
  const auto* number = std::get_if<double>(&setting);
  const auto* text = std::get_if<std::string>(&setting);
  const bool fits = (number == nullptr || std::isfinite(*number)) && (text == nullptr || is_one_line(*text));
  if (fits) return std::nullopt;
  return name + " = " + to_toml(setting) + ": expected " + setting_expectation();
}

std::optional<std::string> flaw(const SettingTable& settings) {
  if (settings.size() > kMaxSettings) {
    return std::to_string(settings.size()) + " settings; a provider has at most " + std::to_string(kMaxSettings);
  }
  for (const auto& [name, setting] : settings) {
    if (auto wrong = flaw(name, setting)) return wrong;
  }
  return std::nullopt;
}

}  // namespace millrace::config
