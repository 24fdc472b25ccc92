// Philox4x32-10. Constants from the paper, table 2 and section 4.3.
#include "providers/philox.h"

#include <algorithm>
#include <vector>

namespace millrace::providers {
namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;  // golden ratio
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;  // √3 − 1
constexpr int kRounds = 10;

constexpr std::uint32_t high(std::uint64_t product) { return static_cast<std::uint32_t>(product >> 32); }
constexpr std::uint32_t low(std::uint64_t product) { return static_cast<std::uint32_t>(product); }

// Inline in the loop of words(), where the blocks' multiplications overlap: on x86-64 that is faster than vectors of 128 bits.
inline PhiloxBlock philox(PhiloxBlock c, PhiloxKey key) {
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t p0 = std::uint64_t{kMultiplier0} * c[0];
    const std::uint64_t p1 = std::uint64_t{kMultiplier1} * c[2];
    c = {high(p1) ^ c[1] ^ key[0], low(p1), high(p0) ^ c[3] ^ key[1], low(p0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return c;
}

}  // namespace

PhiloxBlock philox4x32_10(PhiloxBlock counter, PhiloxKey key) { return philox(counter, key); }

Draws::Draws(std::uint64_t seed, proto::Split split, std::uint8_t stage, std::uint64_t index)
    : key_{low(seed), high(seed)},
      counter_{low(index), high(index), 0, static_cast<std::uint32_t>(split) << 24 | static_cast<std::uint32_t>(stage) << 8} {}

PhiloxBlock Draws::block(Purpose purpose, std::uint64_t draw_number) const {
  return philox({counter_[0], counter_[1], low(draw_number), counter_[3] | static_cast<std::uint32_t>(purpose)}, key_);
}

std::uint32_t Draws::word(Purpose purpose, std::uint64_t w) const { return block(purpose, w / 4)[w % 4]; }

std::span<const std::uint32_t> Draws::words(Purpose purpose, std::uint64_t first, std::size_t count) const {
  static thread_local std::vector<std::uint32_t> scratch;
  const std::uint64_t first_block = first / 4;
  const std::size_t blocks = (first + count + 3) / 4 - first_block;
  if (scratch.size() < 4 * blocks) scratch.resize(4 * blocks);
  for (std::size_t i = 0; i < blocks; ++i) {
    const PhiloxBlock four = block(purpose, first_block + i);
    std::copy(four.begin(), four.end(), scratch.begin() + static_cast<std::ptrdiff_t>(4 * i));
  }
  return {scratch.data() + first % 4, count};
}

}  // namespace millrace::providers
