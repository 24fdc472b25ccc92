// Provider char_random_replacement: text with selected characters replaced by random ones, by
// [MASK], or by the characters at the same offsets of another window.
//
//   x  input   [block_size]   the text with its selected positions replaced
//   y  target  [block_size]   the original; with partial targets, and always in val and test, at
//                             selected positions only
//
// docs/reference/char_random_replacement.md defines every byte.
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Opens the dataset and checks the recipe. Throws config::UsageError for an invalid recipe,
/// std::runtime_error for an unusable dataset (providers/windows/open_datasets.h,
/// providers/windows/windows.h).
[[nodiscard]] std::unique_ptr<DataProvider> make_char_random_replacement(
    const config::Options& options);

}  // namespace millrace::providers
