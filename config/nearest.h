// The nearest of a few names, for "did you mean" hints.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace millrace::config {

/// How many letters must be inserted, removed, replaced or swapped with their neighbour to turn `a`
/// into `b`.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `name`, the first of several; empty where none is nearer than half the
/// length of `name`.
[[nodiscard]] std::string nearest(std::string_view name, std::span<const std::string> candidates);

/// "; did you mean 'NEAREST'?", or nothing where none is near.
[[nodiscard]] std::string did_you_mean(std::string_view name,
                                       std::span<const std::string> candidates);

}  // namespace millrace::config
