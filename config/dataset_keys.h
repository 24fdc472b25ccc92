// The keys of one dataset of data.datasets, and the datasets that a recipe selects. Pure.
#pragma once

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

/// Whether weights are allowed: each 0, or from 1e-6 to 1e6 (they are counted in millionths), at
/// ascending samples, at least one.
[[nodiscard]] bool are_weights(const std::vector<WeightPoint>& points);
[[nodiscard]] std::string weights_expectation();

/// Weights as text, for the stream's settings: "1", or "0:1,4096:0.5".
[[nodiscard]] std::string describe(const std::vector<WeightPoint>& points);

}  // namespace millrace::config
