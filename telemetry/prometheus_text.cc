// Prometheus' text format (prometheus_text.h).
#include "telemetry/prometheus_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace millrace::telemetry {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Escapes line ends and backslashes, and in a label's value quotes as well.
std::string escaped(std::string_view text, bool quoted) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\\' || (quoted && c == '"')) {
      line += {'\\', c};
    } else {
      line += c;
    }
  }
  return line;
}

std::string label_list(const std::map<std::string, std::string>& labels) {
  if (labels.empty()) return {};
  return "{" +
         base::joined(labels, ",",
                      [](const auto& label) {
                        return label.first + "=\"" + escaped(label.second, true) + "\"";
                      }) +
         "}";
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  constexpr double kExactWhole = 9007199254740992.0;  // 2^53
  const bool whole = value == std::trunc(value) && std::abs(value) <= kExactWhole;
  char digits[40];
  const auto end = whole
                       ? std::to_chars(digits, std::end(digits), static_cast<long long>(value)).ptr
                       : std::to_chars(digits, std::end(digits), value).ptr;
  return {digits, end};
}

}  // namespace

bool is_label_name(std::string_view name) {
  return !name.empty() && !is_digit(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c); });
}

bool is_metric_name(std::string_view name) {
  return !name.empty() && !is_digit(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == ':'; });
}

std::string head_lines(std::string_view name, std::string_view help, std::string_view type) {
  const std::string known(name);
  return "# HELP " + known + " " + escaped(help, false) + "\n# TYPE " + known + " " +
         std::string(type) + "\n";
}

std::string sample_line(std::string_view name, const std::map<std::string, std::string>& labels,
                        double value) {
  return std::string(name) + label_list(labels) + " " + number(value) + "\n";
}

}  // namespace millrace::telemetry
