// Assigns each sample of train to a dataset, and numbers the samples of each dataset.
//
// Samples form blocks of 1024. In each block a dataset has a quota, its share of the weights
// rounded so that all add up to 1024 (largest remainders), and a keyed permutation assigns the
// block's samples. Blocks with the same quotas form a segment; the samples of each dataset before a
// segment are summed once, so any sample is found without a scan. docs/reference/mixture.md defines
// all of it. Immutable and thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "config/options.h"

namespace millrace::providers {

/// A train sample's place: sample `number` of dataset `dataset`, both counted from 0.
struct MixtureSlot {
  std::size_t dataset = 0;
  std::uint64_t number = 0;
  bool operator==(const MixtureSlot&) const = default;
};

class Mixture {
 public:
  static constexpr std::uint32_t kBlock = 1024;
  /// Largest number of steps in which weights move between two points.
  static constexpr std::uint32_t kSteps = 64;

  /// Weights by dataset, 1 to 255 datasets. Throws config::UsageError if all weights are 0 at some
  /// sample.
  Mixture(const std::vector<std::vector<config::WeightPoint>>& weights, std::uint64_t seed);

  /// The dataset of sample `index` of train, and its number there.
  [[nodiscard]] MixtureSlot slot(std::uint64_t index) const;

  /// Samples of the block by dataset; they add up to kBlock.
  [[nodiscard]] std::span<const std::uint16_t> quotas(std::uint64_t block) const;

 private:
  struct BlockOrder;

  void add_segment(std::uint64_t first, const std::vector<std::uint16_t>& quotas);
  [[nodiscard]] std::size_t segment_of(std::uint64_t block) const;
  [[nodiscard]] const BlockOrder& order_of(std::uint64_t block) const;

  std::uint64_t seed_;
  std::uint64_t identity_;  ///< tells mixtures apart in the threads' caches
  std::size_t datasets_;    ///< their number
  // By segment, ascending; the last one never ends.
  std::vector<std::uint64_t> first_blocks_;
  std::vector<std::uint16_t> quotas_;  ///< by segment and dataset
  std::vector<std::uint64_t> before_;  ///< samples before the segment, by segment and dataset
};

}  // namespace millrace::providers
