// The keys of one dataset of data.datasets, and the datasets that a recipe selects. Pure, except
// for refuse_in_dataset.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/keys.h"
#include "config/options.h"

namespace millrace::config {

struct DatasetKey {
  std::string_view name;
  bool required;
  Kind kind;
  Value (*get)(const DatasetOptions&);
  void (*set)(DatasetOptions&, const Value&);
  std::string_view about;
};

[[nodiscard]] std::span<const DatasetKey> dataset_keys();

/// The datasets that a recipe selects, in its order: the one named by data.dataset, enabled or not,
/// else all enabled ones. Empty for a recipe without data.datasets.
[[nodiscard]] std::vector<DatasetOptions> selected_datasets(const DataOptions& data);

/// Throws UsageError where a folder to write in, which `what` names (a flag or key), is a folder of
/// data.path or of a selected dataset, or lies in one below no hidden name: what is written there
/// would be part of the dataset from then on. Looks at the disk, through links.
void refuse_in_dataset(const DataOptions& data, const std::filesystem::path& folder,
                       std::string_view what);

/// Whether weights are allowed: each 0, or from 1e-6 to 1e6 (they are counted in millionths), at
/// ascending samples, at least one.
[[nodiscard]] bool are_weights(const std::vector<WeightPoint>& points);
[[nodiscard]] std::string weights_expectation();

/// Weights as text, for the stream's settings: "1", or "0:1,4096:0.5".
[[nodiscard]] std::string describe(const std::vector<WeightPoint>& points);

}  // namespace millrace::config
