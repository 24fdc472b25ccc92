// Provider char_diffusion: text with selected characters corrupted, for masked diffusion on
// characters.
//
//   x      input   [block_size]  the text with its selected positions corrupted
//   y      target  [block_size]  the original at selected positions, ignore_index elsewhere; with
//                                full targets the original everywhere
//   stage  stage   []            number of the sample's stage in meta().train_stages or val_stages
//
// docs/reference/char_diffusion.md defines every byte.
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Opens the dataset and checks the recipe. Throws config::UsageError for an invalid recipe,
/// std::runtime_error for an unusable dataset (providers/windows/open_datasets.h,
/// providers/windows/windows.h).
[[nodiscard]] std::unique_ptr<DataProvider> make_char_diffusion(const config::Options& options);

}  // namespace millrace::providers
