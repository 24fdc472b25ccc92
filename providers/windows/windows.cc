// Finds the window of a sample in one or several datasets (windows.h).
#include "providers/windows/windows.h"

#include <string>
#include <utility>

#include "config/dataset_keys.h"
#include "config/errors.h"
#include "providers/random/permutation.h"

namespace millrace::providers {

using proto::Split;

namespace {

constexpr std::uint32_t kMaxLength = 1U << 20;

WindowShape checked(WindowShape shape) {
  if (shape.length >= 1 && shape.length <= kMaxLength) return shape;
  throw config::UsageError("provider.block_size = " + std::to_string(shape.length) +
                           " is not in [1, " + std::to_string(kMaxLength) + "]");
}

std::vector<std::vector<config::WeightPoint>> weights_of(const config::DataOptions& data) {
  std::vector<std::vector<config::WeightPoint>> weights;
  for (const config::DatasetOptions& dataset : config::selected_datasets(data)) {
    weights.push_back(dataset.weights);
  }
  return weights;
}

}  // namespace

Windows::Windows(datasets::Datasets datasets, const config::Options& options, std::uint32_t length,
                 std::uint32_t ahead)
    : datasets_(std::move(datasets)),
      seed_(options.data.data_seed),
      shape_(checked({length, ahead})) {
  for (const datasets::Dataset& dataset : datasets_.parts) {
    by_dataset_.emplace_back(dataset, static_cast<std::uint8_t>(by_dataset_.size()), options,
                             shape_);
  }
  if (by_dataset_.size() == 1) return;
  mixture_.emplace(weights_of(options.data), seed_);
}

std::uint64_t Windows::size(Split split) const {
  if (split == Split::kTrain) return proto::kEndless;
  std::uint64_t windows = 0;
  for (const TextWindows& each : by_dataset_) windows += each.count(split);
  return windows;
}

std::uint64_t Windows::epoch_samples() const {
  std::uint64_t samples = 0;
  for (const TextWindows& each : by_dataset_) samples += each.epoch_samples();
  return samples;
}

WindowRef Windows::window(Split split, std::uint64_t index, const PhiloxStream& draws) const {
  if (split == Split::kTrain) {
    const MixtureSlot slot = mixture_ ? mixture_->slot(index) : MixtureSlot{0, index};
    return {slot.dataset, by_dataset_[slot.dataset].train_position(slot.number, draws)};
  }
  const std::uint64_t windows = size(split);
  const PhiloxStream pass_draws(seed_, split, 0, index / windows);
  std::uint64_t window = permuted(pass_draws, Purpose::kOrder, windows, index % windows);
  std::size_t dataset = 0;
  for (; window >= by_dataset_[dataset].count(split); ++dataset) {
    window -= by_dataset_[dataset].count(split);
  }
  return {dataset, by_dataset_[dataset].position(split, window)};
}

std::optional<WindowRef> Windows::other_window(const WindowRef& window,
                                               const PhiloxStream& draws) const {
  const std::uint64_t others =
      by_dataset_[window.dataset].text().length(Split::kTrain) - shape_.tokens();
  if (others == 0) return std::nullopt;
  const std::uint64_t first = draws.below(Purpose::kFragment, others);
  return WindowRef{window.dataset, first < window.first ? first : first + 1};
}

}  // namespace millrace::providers
