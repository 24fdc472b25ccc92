// A list of the existing names, for messages about a name that does not exist.
#pragma once

#include <ranges>
#include <string>
#include <vector>

#include "base/text.h"

namespace millrace::datasets {

/// "'a', 'b', 'c'": the first twenty.
[[nodiscard]] inline std::string quoted_list(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 20;
  const std::string list = base::joined(names | std::views::take(kShown), ", ",
                                        [](const std::string& name) { return "'" + name + "'"; });
  return names.size() > kShown ? list + ", …" : list;
}

}  // namespace millrace::datasets
