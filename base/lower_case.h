// Compares names without case: endings of files, hosts.
#pragma once

#include <algorithm>
#include <string>

namespace millrace::base {

/// The text with a–z for A–Z, whatever the locale.
[[nodiscard]] inline std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

}  // namespace millrace::base
