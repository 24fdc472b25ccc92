// Characters of a text with some of them masked: the provider for masked diffusion on characters.
//
//   x      input   [block_size]   the text with its selected positions corrupted
//   y      target  [block_size]   the original at selected positions, ignore_index elsewhere; everywhere with full targets
//   stage  stage   []             how the sample was masked, a number of meta().train_stages or val_stages
//
// docs/reference/char_diffusion.md defines every byte.
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Loads the text and checks the recipe. Throws config::UsageError for a recipe that cannot be,
/// std::runtime_error for a text that cannot be used (providers/windows/open_datasets.h,
/// providers/windows/windows.h).
[[nodiscard]] std::unique_ptr<DataProvider> make_char_diffusion(const config::Options& options);

}  // namespace millrace::providers
