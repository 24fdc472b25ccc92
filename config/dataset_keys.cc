#include "config/dataset_keys.h"

#include <algorithm>
#include <limits>

#include "config/value_text.h"

namespace millrace::config {
namespace {

using D = DatasetOptions;

constexpr double kLeastWeight = 1e-6;
constexpr double kMostWeight = 1e6;
// TOML's integers are signed.
constexpr std::uint64_t kMostChars = std::numeric_limits<std::int64_t>::max();

template <auto kMember>
DatasetKey key(std::string_view name, Kind kind, std::string_view about, bool needed = false) {
  return {name,
          needed,
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
      key<&D::name>("name", StringKind{}, "what --dataset and messages call it", true),
      key<&D::path>("path", StringKind{}, "as data.path", true),
      key<&D::format>("format", find_key("data.format")->kind, "as data.format"),
      key<&D::column>("column", maybe_text, "as data.column"),
      key<&D::enabled>("enabled", BoolKind{}, "false: as if it were not there, but for --dataset"),
      key<&D::max_chars>("max_chars", IntKind{0, kMostChars},
                         "only so many characters, or tokens, from its beginning; 0: all"),
      key<&D::weights>("weights", WeightsKind{},
                       "its share of train, relative to the others'; points: the weight moves "
                       "evenly from one to the next"),
      key<&D::description>("description", maybe_text, "for people"),
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
  std::vector<DatasetOptions> meant;
  std::ranges::copy_if(data.datasets, std::back_inserter(meant), [&](const D& dataset) {
    return data.dataset.empty() ? dataset.enabled : dataset.name == data.dataset;
  });
  return meant;
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
  std::string text;
  for (const auto& [sample, weight] : points) {
    text += (text.empty() ? "" : ",") + std::to_string(sample) + ":" + shortest(weight);
  }
  return text;
}

}  // namespace millrace::config
