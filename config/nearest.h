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

/// The candidate nearest to `name`, the first of equals; empty if every distance is above half the
/// length of `name`.
[[nodiscard]] std::string nearest(std::string_view name, std::span<const std::string> candidates);

/// "; did you mean 'NEAREST'?", or empty if no candidate is near.
[[nodiscard]] std::string did_you_mean(std::string_view name,
                                       std::span<const std::string> candidates);

}  // namespace millrace::config
