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
constexpr std::uint32_t kNarrowHalfBits = 16;   // up to so many, round and half fit one draw number
constexpr std::uint32_t kWideRounds = 4;        // the lanes of a block
constexpr std::uint32_t kWrittenHalfBits = 12;  // 64 KiB, for up to 16 million entries

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

/// The network of one order.
struct Network {
  PhiloxStream draws;
  Purpose purpose;
  std::uint32_t half_bits;
  bool operator==(const Network&) const = default;

  /// Word of f(round, right), up to kNarrowHalfBits.
  [[nodiscard]] static constexpr std::uint64_t word_of(std::uint64_t round, std::uint64_t right) {
    return 4 * (round << kNarrowHalfBits | right);
  }
  [[nodiscard]] std::size_t halves() const { return std::size_t{1} << half_bits; }
};

/// What every f(round, right) is, once that pays: samples come in order as a rule, so that a thread
/// asks for entries of the same order over and over. Written out they cost about as many blocks of
/// Philox as so many passes: halves of a round are drawn many at once.
class WrittenRounds {
 public:
  /// nullptr: nothing is written out, yet.
  const std::uint16_t* of(const Network& network) {
    if (network.half_bits > kWrittenHalfBits) return nullptr;
    if (network_ != network) {
      network_ = network;
      passes_ = 0;
    }
    const std::size_t worth = std::max<std::size_t>(1, network.halves() / kRounds);
    if (passes_ < worth && ++passes_ == worth) write();
    return passes_ == worth ? words_.data() : nullptr;
  }

 private:
  void write() {
    const std::size_t halves = network_->halves();
    words_.resize(kRounds * halves);
    for (std::size_t round = 0; round < kRounds; ++round) {
      const auto drawn = network_->draws.words(network_->purpose, Network::word_of(round, 0),
                                               Network::word_of(0, halves));
      for (std::size_t right = 0; right < halves; ++right) {
        words_[round * halves + right] =
            static_cast<std::uint16_t>(drawn[Network::word_of(0, right)]);
      }
    }
  }

  std::optional<Network> network_;
  std::size_t passes_ = 0;
  std::vector<std::uint16_t> words_;
};

std::uint64_t pass(const Network& network, const std::uint16_t* written, std::uint64_t value) {
  const auto& [draws, purpose, half_bits] = network;
  if (written != nullptr) {
    return feistel(half_bits, kRounds, value, [&](std::uint64_t round, std::uint64_t right) {
      return written[round << half_bits | right];
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
  static thread_local WrittenRounds rounds;
  const Network network{draws, purpose,
                        (static_cast<std::uint32_t>(std::bit_width(n - 1)) + 1) / 2};
  const std::uint16_t* const written = rounds.of(network);
  do {
    i = pass(network, written, i);
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
    const std::uint32_t left = n - step;  // entries that have no place yet: 0 … left − 1
    std::swap(values[left - 1], values[uniform_below(words[step], left)]);
  }
}

}  // namespace millrace::providers
