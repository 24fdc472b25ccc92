// The two permutations: a Feistel network with cycle walking, and Fisher–Yates.
#include "providers/random/permutation.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace millrace::providers {
namespace {

constexpr std::uint32_t kRounds = 8;
constexpr std::uint32_t kNarrowHalfBits = 16;  // most for which round and half fit a draw number
constexpr std::uint32_t kWideRounds = 4;       // the lanes of a block
constexpr std::uint32_t kCachedHalfBits = 12;  // most in the cache: 64 KiB, 16 million entries

// One pass of a network over 2·half_bits bits: round r maps (left, right) to (right, left ^ f(r,
// right)).
template <class Function>
std::uint64_t feistel(std::uint32_t half_bits, std::uint32_t rounds, std::uint64_t value,
                      Function f) {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits) - 1;
  std::uint64_t left = value >> half_bits;
  std::uint64_t right = value & mask;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    left = std::exchange(right, left ^ (f(round, right) & mask));
  }
  return left << half_bits | right;
}

/// The Feistel network of one permutation.
struct Network {
  PhiloxStream draws;
  Purpose purpose;
  std::uint32_t half_bits;
  bool operator==(const Network&) const = default;

  /// The number of the word that is f(round, right), for up to kNarrowHalfBits.
  [[nodiscard]] static constexpr std::uint64_t word_of(std::uint64_t round, std::uint64_t right) {
    return 4 * (round << kNarrowHalfBits | right);
  }
  [[nodiscard]] std::size_t halves() const { return std::size_t{1} << half_bits; }
};

/// A thread's cache of every f(round, right) of one network. Samples mostly come in order, so a
/// thread asks for many entries of the same permutation. The cache is filled once it pays off: it
/// costs about as much as `halves / kRounds` passes, because many words are drawn at once.
class RoundCache {
 public:
  /// The functions' values by round and half; nullptr if the cache is not filled (yet).
  const std::uint16_t* of(const Network& network) {
    if (network.half_bits > kCachedHalfBits) return nullptr;
    if (network_ != network) {
      network_ = network;
      passes_ = 0;
    }
    const std::size_t worth = std::max<std::size_t>(1, network.halves() / kRounds);
    if (passes_ < worth && ++passes_ == worth) fill();
    return passes_ == worth ? values_.data() : nullptr;
  }

 private:
  void fill() {
    const std::size_t halves = network_->halves();
    values_.resize(kRounds * halves);
    for (std::size_t round = 0; round < kRounds; ++round) {
      const auto drawn = network_->draws.words(network_->purpose, Network::word_of(round, 0),
                                               Network::word_of(0, halves));
      for (std::size_t right = 0; right < halves; ++right) {
        values_[round * halves + right] =
            static_cast<std::uint16_t>(drawn[Network::word_of(0, right)]);
      }
    }
  }

  std::optional<Network> network_;
  std::size_t passes_ = 0;
  std::vector<std::uint16_t> values_;
};

std::uint64_t pass(const Network& network, const std::uint16_t* cached, std::uint64_t value) {
  const auto& [draws, purpose, half_bits] = network;
  if (cached != nullptr) {
    return feistel(half_bits, kRounds, value, [&](std::uint64_t round, std::uint64_t right) {
      return cached[round << half_bits | right];
    });
  }
  if (half_bits <= kNarrowHalfBits) {
    return feistel(half_bits, kRounds, value, [&](std::uint64_t round, std::uint64_t right) {
      return draws.word(purpose, Network::word_of(round, right));
    });
  }
  return feistel(half_bits, kWideRounds, value, [&](std::uint64_t round, std::uint64_t right) {
    return draws.word(purpose, 4 * right + round);
  });
}

}  // namespace

std::uint64_t permuted(const PhiloxStream& draws, Purpose purpose, std::uint64_t n,
                       std::uint64_t i) {
  assert(i < n);
  if (n == 1) return 0;
  static thread_local RoundCache cache;
  const Network network{draws, purpose,
                        (static_cast<std::uint32_t>(std::bit_width(n - 1)) + 1) / 2};
  const std::uint16_t* const cached = cache.of(network);
  do {
    i = pass(network, cached, i);
  } while (i >= n);
  return i;
}

void shuffle(const PhiloxStream& draws, Purpose purpose, std::span<std::uint8_t> order) {
  assert(order.size() <= proto::kMaxStages);
  std::iota(order.begin(), order.end(), std::uint8_t{0});
  shuffle_values(draws, purpose, order);
}

void shuffle_values(const PhiloxStream& draws, Purpose purpose, std::span<std::uint8_t> values) {
  const auto n = static_cast<std::uint32_t>(values.size());
  const auto words = draws.words(purpose, 0, n);
  for (std::uint32_t step = 0; step + 1 < n; ++step) {
    const std::uint32_t left = n - step;  // entries 0 … left − 1 are not placed yet
    std::swap(values[left - 1], values[uniform_below(words[step], left)]);
  }
}

}  // namespace millrace::providers
