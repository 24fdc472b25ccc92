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

/// The first block that begins at or behind the sample.
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

/// Where weights may change: blocks at which a point takes effect, and as many in between as steps
/// allow.
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

/// The order of one block, as a thread remembers it.
struct Mixture::BlockOrder {
  std::uint64_t identity = 0;
  std::uint64_t block = 0;
  std::array<std::uint8_t, kBlock> parts{};   ///< by place in the block
  std::array<std::uint16_t, kBlock> ranks{};  ///< how many places before have the same dataset
};

Mixture::Mixture(const std::vector<Points>& weights, std::uint64_t seed)
    : seed_(seed), identity_(next_identity()), parts_(weights.size()) {
  for (const std::uint64_t block : change_blocks(weights)) {
    add_stretch(block, quotas_at(weights, block));
  }
}

void Mixture::add_stretch(std::uint64_t first, const std::vector<std::uint16_t>& quotas) {
  const std::size_t before = before_.size();
  if (!first_blocks_.empty() && std::ranges::equal(quotas, this->quotas(first))) return;
  for (std::size_t part = 0; part < parts_; ++part) {
    const bool start = first_blocks_.empty();
    const std::uint64_t blocks = start ? 0 : first - first_blocks_.back();
    before_.push_back(
        start ? 0 : before_[before - parts_ + part] + blocks * quotas_[before - parts_ + part]);
  }
  quotas_.insert(quotas_.end(), quotas.begin(), quotas.end());
  first_blocks_.push_back(first);
}

std::size_t Mixture::stretch_of(std::uint64_t block) const {
  return static_cast<std::size_t>(std::ranges::upper_bound(first_blocks_, block) -
                                  first_blocks_.begin()) -
         1;
}

std::span<const std::uint16_t> Mixture::quotas(std::uint64_t block) const {
  return std::span(quotas_).subspan(stretch_of(block) * parts_, parts_);
}

const Mixture::BlockOrder& Mixture::order_of(std::uint64_t block) const {
  static thread_local BlockOrder order;
  if (order.identity == identity_ && order.block == block) return order;
  auto place = order.parts.begin();
  const std::span<const std::uint16_t> quota = quotas(block);
  for (std::size_t part = 0; part < parts_; ++part) {
    place = std::fill_n(place, quota[part], static_cast<std::uint8_t>(part));
  }
  shuffle_values(PhiloxStream(seed_, proto::Split::kTrain, 0, block), Purpose::kMixture,
                 order.parts);
  std::array<std::uint16_t, 256> seen{};
  for (std::size_t i = 0; i < kBlock; ++i) order.ranks[i] = seen[order.parts[i]]++;
  order.identity = identity_;
  order.block = block;
  return order;
}

MixtureSlot Mixture::slot(std::uint64_t index) const {
  const std::uint64_t block = index / kBlock;
  const std::size_t place = index % kBlock;
  const BlockOrder& order = order_of(block);
  const std::size_t part = order.parts[place];
  const std::size_t stretch = stretch_of(block);
  const std::size_t at = stretch * parts_ + part;
  return {part, before_[at] + (block - first_blocks_[stretch]) * quotas_[at] + order.ranks[place]};
}

}  // namespace millrace::providers
