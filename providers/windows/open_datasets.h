// Opens the datasets of a recipe. A recipe that names none gets data/tinyshakespeare.txt if that
// file exists, else the built-in English text.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "datasets/dataset.h"
#include "datasets/open/open_sets.h"

namespace millrace::providers {

/// The text of a recipe that names no dataset.
inline constexpr std::string_view kDefaultTextPath = "data/tinyshakespeare.txt";
/// The length of the built-in text.
inline constexpr std::size_t kBuiltInCharacters = 1'000'000;

/// The datasets that a recipe names; empty if it names none.
[[nodiscard]] std::vector<datasets::NamedSpec> named_datasets(const config::DataOptions& options);

/// Opens options.datasets (those that are selected), else options.path, else kDefaultTextPath below
/// `folder` if it exists, else the built-in text, with a warning that states its entropy. Throws
/// config::UsageError for options that do not go together, std::runtime_error for a dataset that is
/// missing or cannot be used.
[[nodiscard]] datasets::Datasets open_datasets(const config::DataOptions& options,
                                               const std::filesystem::path& folder = ".");

/// The same for options.data; if its format is "markov", a text of the Markov source that
/// options.provider describes (providers/markov/markov_text.h).
[[nodiscard]] datasets::Datasets open_datasets(const config::Options& options);

}  // namespace millrace::providers
