// One recipe of several datasets as recipes of one dataset each: what `train --all` goes through.
#pragma once

#include <string>
#include <vector>

#include "config/options.h"

namespace millrace::config {

/// For each dataset that the recipe means, in its order, the recipe that trains on it alone: with
/// data.dataset its name, and out_dir and the folder of a file:// queue one level deeper, under
/// that name. Throws UsageError for a recipe without data.datasets.
[[nodiscard]] std::vector<Options> per_dataset(const Options& options);

/// The names of the datasets that the recipe means, joined by "+", as a stream's meta has them;
/// empty for a recipe without data.datasets, whose one dataset is called as its file is.
[[nodiscard]] std::string joined_names(const DataOptions& data);

}  // namespace millrace::config
