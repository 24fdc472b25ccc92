// The datasets that a recipe means: its own, else the usual text where it is, else the built-in
// one.
#pragma once

#include <filesystem>
#include <string_view>

#include "config/options.h"
#include "datasets/dataset.h"

namespace millrace::providers {

/// Where a recipe that names no dataset looks for one.
inline constexpr std::string_view kDefaultTextPath = "data/tinyshakespeare.txt";
inline constexpr std::size_t kBuiltInCharacters = 1'000'000;

/// options.path; where that is unset, kDefaultTextPath below `folder` if it exists, else the
/// built-in text, with a warning that says its entropy. Throws config::UsageError for options
/// that do not go together, std::runtime_error for a dataset that is missing or cannot be used.
[[nodiscard]] datasets::Datasets open_datasets(const config::DataOptions& options,
                                               const std::filesystem::path& folder = ".");

/// The same, or the text of the Markov source that options.provider describes, where
/// options.data.format is "markov" (providers/markov/markov_text.h).
[[nodiscard]] datasets::Datasets open_datasets(const config::Options& options);

}  // namespace millrace::providers
