// "Did you mean" hints: the nearest of a few names.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace millrace::config {

/// Optimal string alignment distance: the insertions, removals, replacements and swaps of
/// neighbouring bytes that turn `a` into `b`.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `name`, the first of equals: at a distance of 1, or of up to a third of
/// its length where both begin alike. Empty if there is none: a wrong hint is worse than no hint
/// ("prefix" is not meant to be "suffix").
[[nodiscard]] std::string nearest(std::string_view name, std::span<const std::string> candidates);

/// "; did you mean 'NEAREST'?", or empty if no candidate is near.
[[nodiscard]] std::string did_you_mean(std::string_view name,
                                       std::span<const std::string> candidates);

}  // namespace millrace::config
