// Which dataset a sample of train is of, and which of that dataset's samples it is.
//
// Samples come in blocks of 1024, in each of which every dataset has its quota: the whole numbers
// nearest to its share of the weights, so that they add up to 1024 (largest remainders). A keyed
// random order says which of the block's samples are whose. What a dataset had before a block is a
// sum over stretches of blocks with the same quotas, known from the start, so that any sample is
// found at once: random access equals a scan. docs/reference/mixture.md defines it all. Immutable,
// so any thread may use one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "config/options.h"

namespace millrace::providers {

/// Sample `number` of dataset `part`.
struct MixtureSlot {
  std::size_t part = 0;
  std::uint64_t number = 0;
  bool operator==(const MixtureSlot&) const = default;
};

class Mixture {
 public:
  static constexpr std::uint32_t kBlock = 1024;
  /// Between two points the weights move in so many steps at most.
  static constexpr std::uint32_t kSteps = 64;

  /// Weights by dataset, from 1 to 255 of them. Throws config::UsageError where all weights are 0
  /// at once.
  Mixture(const std::vector<std::vector<config::WeightPoint>>& weights, std::uint64_t seed);

  /// Whose turn sample `index` of train is.
  [[nodiscard]] MixtureSlot slot(std::uint64_t index) const;

  /// Samples of the block, by dataset; they add up to kBlock.
  [[nodiscard]] std::span<const std::uint16_t> quotas(std::uint64_t block) const;

 private:
  struct BlockOrder;

  void add_stretch(std::uint64_t first, const std::vector<std::uint16_t>& quotas);
  [[nodiscard]] std::size_t stretch_of(std::uint64_t block) const;
  [[nodiscard]] const BlockOrder& order_of(std::uint64_t block) const;

  std::uint64_t seed_;
  std::uint64_t identity_;  ///< of this mixture, for what threads remember of it
  std::size_t parts_;
  // By stretch, ascending; the last one never ends.
  std::vector<std::uint64_t> first_blocks_;
  std::vector<std::uint16_t> quotas_;  ///< by stretch and dataset
  std::vector<std::uint64_t> before_;  ///< samples before the stretch, alike
};

}  // namespace millrace::providers
