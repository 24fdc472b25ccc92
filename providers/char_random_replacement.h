// Characters of a text, some of them replaced: by random ones, by [MASK], or by what stands at
// their place in another window.
//
//   x  input   [block_size]   the text with its selected positions replaced
//   y  target  [block_size]   the original, everywhere; with partial targets, and in val, at selected positions alone
//
// docs/reference/char_random_replacement.md defines every byte.
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Opens the dataset and checks the recipe. Throws config::UsageError for a recipe that cannot be,
/// std::runtime_error for a dataset that cannot be used (providers/windows/open_datasets.h,
/// providers/windows/windows.h).
[[nodiscard]] std::unique_ptr<DataProvider> make_char_random_replacement(
    const config::Options& options);

}  // namespace millrace::providers
