// The table of a dataset's keys, and the selection of datasets.
#include "config/dataset_keys.h"

#include <algorithm>
#include <limits>
#include <system_error>

#include "base/text.h"
#include "config/errors.h"
#include "config/value_text.h"

namespace millrace::config {
namespace {

using D = DatasetOptions;

constexpr double kLeastWeight = 1e-6;
constexpr double kMostWeight = 1e6;
// The largest integer of TOML, whose integers are signed.
constexpr std::uint64_t kMostChars = std::numeric_limits<std::int64_t>::max();

template <auto kMember>
DatasetKey key(std::string_view name, Kind kind, std::string_view about, bool required = false) {
  return {name,
          required,
          std::move(kind),
          [](const D& dataset) { return Value(dataset.*kMember); },
          [](D& dataset, const Value& value) {
            dataset.*kMember = std::get<std::decay_t<decltype(dataset.*kMember)>>(value);
          },
          about};
}

std::vector<DatasetKey> make_dataset_keys() {
  const StringKind maybe_text{.choices = {}, .may_be_empty = true};
  return {
      key<&D::name>("name", StringKind{}, "the name used by --dataset and in messages", true),
      key<&D::path>("path", find_key("data.path")->kind, "see data.path", true),
      key<&D::format>("format", find_key("data.format")->kind, "see data.format"),
      key<&D::column>("column", maybe_text, "see data.column"),
      key<&D::enabled>("enabled", BoolKind{}, "false: left out, unless --dataset names it"),
      key<&D::max_chars>(
          "max_chars", IntKind{0, kMostChars},
          "use only this many characters (of token files: tokens) from the beginning; 0: all"),
      key<&D::weights>("weights", WeightsKind{},
                       "share of train relative to the other datasets; between points the weight "
                       "is interpolated linearly"),
      key<&D::description>("description", maybe_text, "a description for people; not used"),
  };
}

namespace fs = std::filesystem;

/// Whether what is written into `folder` is found by a walk through `dataset`, from which hidden
/// names are left out.
bool is_part_of(const fs::path& folder, const fs::path& dataset) {
  std::error_code error;
  if (!fs::is_directory(dataset, error)) return false;
  const fs::path outer = fs::canonical(dataset, error);
  const fs::path inner = fs::weakly_canonical(folder, error);
  if (error) return false;
  const auto [in_outer, in_inner] =
      std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return in_outer == outer.end() && std::none_of(in_inner, inner.end(), [](const fs::path& name) {
           return name.native().starts_with('.');
         });
}

bool is_weight(double weight) {
  return weight == 0 || (weight >= kLeastWeight && weight <= kMostWeight);
}

}  // namespace

std::span<const DatasetKey> dataset_keys() {
  static const std::vector<DatasetKey> table = make_dataset_keys();
  return table;
}

std::vector<DatasetOptions> selected_datasets(const DataOptions& data) {
  std::vector<DatasetOptions> selected;
  std::ranges::copy_if(data.datasets, std::back_inserter(selected), [&](const D& dataset) {
    return data.dataset.empty() ? dataset.enabled : dataset.name == data.dataset;
  });
  return selected;
}

void refuse_in_dataset(const DataOptions& data, const fs::path& folder, std::string_view what) {
  std::vector<std::string> paths;
  for (const DatasetOptions& each : selected_datasets(data)) paths.push_back(each.path);
  if (paths.empty() && data.path) paths.push_back(*data.path);
  for (const std::string& path : paths) {
    if (!is_part_of(folder, path)) continue;
    throw UsageError(std::string(what) + " = " + folder.string() + " lies in the dataset " + path +
                     ", whose files are all that is below it, so it would no longer be the same; "
                     "name a folder elsewhere");
  }
}

bool are_weights(const std::vector<WeightPoint>& points) {
  const auto not_above = [](const WeightPoint& a, const WeightPoint& b) {
    return a.sample >= b.sample;
  };
  return !points.empty() && std::ranges::adjacent_find(points, not_above) == points.end() &&
         std::ranges::all_of(points, is_weight, &WeightPoint::weight);
}

std::string weights_expectation() {
  return "a number, 0 or from " + shortest(kLeastWeight) + " to " + shortest(kMostWeight) +
         ", or points [[sample, number], ...] with ascending samples";
}

std::string describe(const std::vector<WeightPoint>& points) {
  if (points.size() == 1) return shortest(points.front().weight);
  return base::joined(points, ",", [](const WeightPoint& point) {
    return std::to_string(point.sample) + ":" + shortest(point.weight);
  });
}

}  // namespace millrace::config
