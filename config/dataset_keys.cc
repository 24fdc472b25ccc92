// The table of a dataset's keys, and the selection of datasets.
#include "config/dataset_keys.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
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
