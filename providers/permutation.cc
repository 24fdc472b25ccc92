// The two permutations: a Feistel network with cycle walking, and Fisher–Yates.
#include "providers/permutation.h"

#include <bit>
#include <cassert>
#include <numeric>
#include <utility>

namespace millrace::providers {
namespace {

constexpr std::uint32_t kRounds = 8;
constexpr std::uint32_t kMaxHalfBits = 16;  // so that round and half fit one draw number

// One pass of the network over 2·half_bits bits. Round r maps (left, right) to (right, left ^ f(r, right)), where f is lane 0 of
// draw number r << 16 | right.
std::uint32_t feistel(const Draws& draws, Purpose purpose, std::uint32_t half_bits, std::uint32_t value) {
  const std::uint32_t mask = (1U << half_bits) - 1;
  std::uint32_t left = value >> half_bits;
  std::uint32_t right = value & mask;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    const std::uint64_t draw_number = round << kMaxHalfBits | right;
    const std::uint32_t f = draws.word(purpose, 4 * draw_number) & mask;
    left = std::exchange(right, left ^ f);
  }
  return left << half_bits | right;
}

}  // namespace

std::uint32_t permuted(const Draws& draws, Purpose purpose, std::uint32_t n, std::uint32_t i) {
  assert(i < n);
  if (n == 1) return 0;
  const auto half_bits = (static_cast<std::uint32_t>(std::bit_width(n - 1)) + 1) / 2;
  do {
    i = feistel(draws, purpose, half_bits, i);
  } while (i >= n);
  return i;
}

void shuffle(const Draws& draws, Purpose purpose, std::span<std::uint8_t> order) {
  assert(order.size() <= proto::kMaxStages);
  std::iota(order.begin(), order.end(), std::uint8_t{0});
  const auto n = static_cast<std::uint32_t>(order.size());
  for (std::uint32_t step = 0; step + 1 < n; ++step) {
    const std::uint32_t left = n - step;  // entries that have no place yet: 0 … left − 1
    std::swap(order[left - 1], order[uniform_below(draws.word(purpose, step), left)]);
  }
}

}  // namespace millrace::providers
