// Set operations on sorted ranges.
#include "datasets/bpe/code_points.h"

#include <algorithm>
#include <array>

#include "datasets/bpe/unicode_classes.h"
#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

/// In the order of GeneralCategory.
constexpr std::array<std::string_view, 30> kNames = {
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe",
    "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn"};

}  // namespace

CodePoints united(const CodePoints& one, const CodePoints& other) {
  CodePoints all = one;
  all.insert(all.end(), other.begin(), other.end());
  std::ranges::sort(all, {}, &CodePointRange::first);
  CodePoints merged;
  for (const CodePointRange& range : all) {
    if (!merged.empty() && range.first <= merged.back().last + 1) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

CodePoints complement(const CodePoints& set) {
  CodePoints others;
  std::uint32_t next = 0;
  for (const CodePointRange& range : set) {
    if (range.first > next) others.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next < kCodePoints) others.push_back({next, kCodePoints - 1});
  return others;
}

CodePoints intersection(const CodePoints& one, const CodePoints& other) {
  return complement(united(complement(one), complement(other)));
}

CodePoints white_space() { return united({{'\t', '\r'}, {0x85, 0x85}}, of_category("Z").value()); }

std::optional<CodePoints> of_category(std::string_view name) {
  if (name.empty() || name.size() > 2) return std::nullopt;
  CodePoints set;
  const auto runs = category_runs();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!kNames[static_cast<std::size_t>(runs[i].what)].starts_with(name)) continue;
    const std::uint32_t end = i + 1 < runs.size() ? runs[i + 1].first : kCodePoints;
    set.push_back({runs[i].first, end - 1});
  }
  if (set.empty()) return std::nullopt;
  return united(set, {});
}

}  // namespace millrace::datasets
