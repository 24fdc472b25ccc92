// Splits a recipe with several datasets into recipes with one dataset each, for `train --all`.
#pragma once

#include <string>
#include <vector>

#include "config/options.h"

namespace millrace::config {

/// One recipe for each selected dataset, in order: data.dataset is its name, and out_dir and the
/// folder of a file:// queue are subfolders of that name. Throws UsageError for a recipe without
/// data.datasets.
[[nodiscard]] std::vector<Options> per_dataset(const Options& options);

/// The names of the selected datasets, joined by "+", as in a stream's meta. Empty for a recipe
/// without data.datasets, whose one dataset is named after its file.
[[nodiscard]] std::string joined_names(const DataOptions& data);

}  // namespace millrace::config
