// Sets of code points, as the classes of a pattern name them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace millrace::datasets {

struct CodePointRange {
  std::uint32_t first;
  std::uint32_t last;
  bool operator==(const CodePointRange&) const = default;
};

/// Ranges in ascending order, with a gap between any two.
using CodePoints = std::vector<CodePointRange>;

[[nodiscard]] CodePoints united(const CodePoints& one, const CodePoints& other);
/// All others.
[[nodiscard]] CodePoints complement(const CodePoints& set);
[[nodiscard]] CodePoints intersection(const CodePoints& one, const CodePoints& other);

/// White_Space, \s.
[[nodiscard]] CodePoints white_space();
/// Those of a general category of Unicode 16.0.0 by its short name: "Lu", or "L" for all that begin
/// so. Empty for any other name.
[[nodiscard]] std::optional<CodePoints> of_category(std::string_view name);

}  // namespace millrace::datasets
