// The two permutations: a Feistel network with cycle walking, and Fisher–Yates.
#include "providers/permutation.h"

#include <bit>
#include <cassert>
#include <numeric>
#include <utility>

namespace millrace::providers {
namespace {

constexpr std::uint32_t kRounds = 8;
constexpr std::uint32_t kNarrowHalfBits = 16;  // up to so many, round and half fit one draw number
constexpr std::uint32_t kWideRounds = 4;       // the lanes of a block

// One pass of a network over 2·half_bits bits: round r maps (left, right) to (right, left ^ f(r, right)).
template <class Function>
std::uint64_t feistel(std::uint32_t half_bits, std::uint32_t rounds, std::uint64_t value, Function f) {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits) - 1;
  std::uint64_t left = value >> half_bits;
  std::uint64_t right = value & mask;
  for (std::uint32_t round = 0; round < rounds; ++round) left = std::exchange(right, left ^ (f(round, right) & mask));
  return left << half_bits | right;
}

std::uint64_t pass(const Draws& draws, Purpose purpose, std::uint32_t half_bits, std::uint64_t value) {
  if (half_bits <= kNarrowHalfBits) {
    return feistel(half_bits, kRounds, value, [&](std::uint64_t round, std::uint64_t right) {
      return draws.word(purpose, 4 * (round << kNarrowHalfBits | right));
    });
  }
  return feistel(half_bits, kWideRounds, value,
                 [&](std::uint64_t round, std::uint64_t right) { return draws.word(purpose, 4 * right + round); });
}

}  // namespace

std::uint64_t permuted(const Draws& draws, Purpose purpose, std::uint64_t n, std::uint64_t i) {
  assert(i < n);
  if (n == 1) return 0;
  const auto half_bits = (static_cast<std::uint32_t>(std::bit_width(n - 1)) + 1) / 2;
  do {
    i = pass(draws, purpose, half_bits, i);
  } while (i >= n);
  return i;
}

void shuffle(const Draws& draws, Purpose purpose, std::span<std::uint8_t> order) {
  assert(order.size() <= proto::kMaxStages);
  std::iota(order.begin(), order.end(), std::uint8_t{0});
  shuffle_values(draws, purpose, order);
}

void shuffle_values(const Draws& draws, Purpose purpose, std::span<std::uint8_t> values) {
  const auto n = static_cast<std::uint32_t>(values.size());
  const auto words = draws.words(purpose, 0, n);
  for (std::uint32_t step = 0; step + 1 < n; ++step) {
    const std::uint32_t left = n - step;  // entries that have no place yet: 0 … left − 1
    std::swap(values[left - 1], values[uniform_below(words[step], left)]);
  }
}

}  // namespace millrace::providers
