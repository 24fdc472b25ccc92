// JSON lines as Python and pandas write them, made standard JSON. Python's json module writes NaN
// and Infinity, numbers beyond a double's range, and halves of surrogate pairs, none of which
// parsers accept, also where nobody reads the value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace::datasets {

struct StandardJson {
  std::string line;  ///< the line, with other numbers, and U+FFFD for the halves
  /// Which strings, keys among them, had a half of a surrogate pair: their numbers in the order of
  /// the line, ascending.
  std::vector<std::size_t> damaged_strings;
};

/// Replaces what JSON lacks. A line that is wrong in any other way stays so. Numbers may get other
/// values, so only texts may be read of the result.
[[nodiscard]] StandardJson standard_json(std::string_view line);

}  // namespace millrace::datasets
