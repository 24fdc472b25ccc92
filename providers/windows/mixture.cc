// Builds the segments of blocks with equal quotas, and permutes the samples of a block (mixture.h).
#include "providers/windows/mixture.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "config/errors.h"
#include "proto/types.h"
#include "providers/random/permutation.h"
#include "providers/random/philox.h"
#include "providers/windows/quotas.h"

namespace millrace::providers {
namespace {

using Points = std::vector<config::WeightPoint>;

/// The first block that begins at or after the sample.
std::uint64_t block_from(std::uint64_t sample) {
  return sample / Mixture::kBlock + (sample % Mixture::kBlock > 0 ? 1 : 0);
}

std::vector<std::uint16_t> quotas_at(const std::vector<Points>& weights, std::uint64_t block) {
  const std::uint64_t sample = block * Mixture::kBlock;
  std::vector<std::uint64_t> millionths;
  for (const Points& points : weights) millionths.push_back(weight_at(points, sample));
  if (std::ranges::any_of(millionths, [](std::uint64_t weight) { return weight > 0; })) {
    return apportion(Mixture::kBlock, millionths);
  }
  throw config::UsageError("data.datasets: at sample " + std::to_string(sample) +
                           " all weights are 0; some dataset must have the sample");
}

/// Blocks at which quotas may change: those at which a point takes effect, and up to kSteps blocks
/// between two of them.
std::vector<std::uint64_t> change_blocks(const std::vector<Points>& weights) {
  std::set<std::uint64_t> points = {0};
  for (const Points& each : weights) {
    for (const config::WeightPoint& point : each) points.insert(block_from(point.sample));
  }
  std::vector<std::uint64_t> blocks;
  for (auto at = points.begin(); std::next(at) != points.end(); ++at) {
    const std::uint64_t length = *std::next(at) - *at;
    const std::uint64_t steps = std::min<std::uint64_t>(length, Mixture::kSteps);
    for (std::uint64_t step = 0; step < steps; ++step) {
      blocks.push_back(*at + step * length / steps);
    }
  }
  blocks.push_back(*points.rbegin());
  return blocks;
}

std::uint64_t next_identity() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

/// The assignment of one block's samples, cached by each thread.
struct Mixture::BlockOrder {
  std::uint64_t identity = 0;
  std::uint64_t block = 0;
  std::array<std::uint8_t, kBlock> datasets{};  ///< by position in the block
  std::array<std::uint16_t, kBlock> ranks{};    ///< earlier positions of the same dataset
};

Mixture::Mixture(const std::vector<Points>& weights, std::uint64_t seed)
    : seed_(seed), identity_(next_identity()), datasets_(weights.size()) {
  for (const std::uint64_t block : change_blocks(weights)) {
    add_segment(block, quotas_at(weights, block));
  }
}

void Mixture::add_segment(std::uint64_t first, const std::vector<std::uint16_t>& quotas) {
  const std::size_t before = before_.size();
  if (!first_blocks_.empty() && std::ranges::equal(quotas, this->quotas(first))) return;
  for (std::size_t dataset = 0; dataset < datasets_; ++dataset) {
    const bool start = first_blocks_.empty();
    const std::uint64_t blocks = start ? 0 : first - first_blocks_.back();
    before_.push_back(start ? 0
                            : before_[before - datasets_ + dataset] +
                                  blocks * quotas_[before - datasets_ + dataset]);
  }
  quotas_.insert(quotas_.end(), quotas.begin(), quotas.end());
  first_blocks_.push_back(first);
}

std::size_t Mixture::segment_of(std::uint64_t block) const {
  return static_cast<std::size_t>(std::ranges::upper_bound(first_blocks_, block) -
                                  first_blocks_.begin()) -
         1;
}

std::span<const std::uint16_t> Mixture::quotas(std::uint64_t block) const {
  return std::span(quotas_).subspan(segment_of(block) * datasets_, datasets_);
}

const Mixture::BlockOrder& Mixture::order_of(std::uint64_t block) const {
  static thread_local BlockOrder order;
  if (order.identity == identity_ && order.block == block) return order;
  auto end = order.datasets.begin();
  const std::span<const std::uint16_t> quota = quotas(block);
  for (std::size_t dataset = 0; dataset < datasets_; ++dataset) {
    end = std::fill_n(end, quota[dataset], static_cast<std::uint8_t>(dataset));
  }
  shuffle_values(PhiloxStream(seed_, proto::Split::kTrain, 0, block), Purpose::kMixture,
                 order.datasets);
  std::array<std::uint16_t, 256> seen{};
  for (std::size_t i = 0; i < kBlock; ++i) order.ranks[i] = seen[order.datasets[i]]++;
  order.identity = identity_;
  order.block = block;
  return order;
}

MixtureSlot Mixture::slot(std::uint64_t index) const {
  const std::uint64_t block = index / kBlock;
  const std::size_t position = index % kBlock;
  const BlockOrder& order = order_of(block);
  const std::size_t dataset = order.datasets[position];
  const std::size_t segment = segment_of(block);
  const std::size_t at = segment * datasets_ + dataset;
  return {dataset,
          before_[at] + (block - first_blocks_[segment]) * quotas_[at] + order.ranks[position]};
}

}  // namespace millrace::providers
