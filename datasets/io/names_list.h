// The names that there are, for a message about one that is not.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace millrace::datasets {

/// "'a', 'b', 'c'", and no more than twenty.
[[nodiscard]] inline std::string quoted_list(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 20;
  std::string list;
  for (std::size_t i = 0; i < std::min(kShown, names.size()); ++i) {
    list += (i == 0 ? "'" : ", '") + names[i] + "'";
  }
  return names.size() > kShown ? list + ", …" : list;
}

}  // namespace millrace::datasets
