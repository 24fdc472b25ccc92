// Philox4x32-10 one block at a time; vector_kernels.h draws many blocks at once.
#include "providers/random/philox.h"

#include <vector>

#include "providers/random/vector_kernels.h"

namespace millrace::providers {
namespace {

constexpr std::uint32_t high(std::uint64_t product) {
  return static_cast<std::uint32_t>(product >> 32);
}
constexpr std::uint32_t low(std::uint64_t product) { return static_cast<std::uint32_t>(product); }

PhiloxBlock philox(PhiloxBlock c, PhiloxKey key) {
  for (std::uint32_t round = 0; round < kPhiloxRounds; ++round) {
    const std::uint64_t p0 = std::uint64_t{kPhiloxMultiplier0} * c[0];
    const std::uint64_t p1 = std::uint64_t{kPhiloxMultiplier1} * c[2];
    c = {high(p1) ^ c[1] ^ key[0], low(p1), high(p0) ^ c[3] ^ key[1], low(p0)};
    key[0] += kPhiloxWeyl0;
    key[1] += kPhiloxWeyl1;
  }
  return c;
}

/// `draws` rounded up to whole kDrawsAtOnce.
constexpr std::size_t whole_draws(std::size_t draws) {
  return (draws + kDrawsAtOnce - 1) / kDrawsAtOnce * kDrawsAtOnce;
}

/// Memory of the calling thread, reused by its next call.
std::uint32_t* scratch(std::size_t words) {
  static thread_local std::vector<std::uint32_t> memory;
  if (memory.size() < words) memory.resize(words);
  return memory.data();
}

}  // namespace

PhiloxBlock philox4x32_10(PhiloxBlock counter, PhiloxKey key) { return philox(counter, key); }

PhiloxStream::PhiloxStream(std::uint64_t seed, proto::Split split, std::uint8_t stage,
                           std::uint64_t index)
    : key_{low(seed), high(seed)},
      counter_{low(index), high(index), 0,
               static_cast<std::uint32_t>(split) << 24 | static_cast<std::uint32_t>(stage) << 8} {}

PhiloxBlock PhiloxStream::block(Purpose purpose, std::uint64_t draw_number) const {
  return philox({counter_[0], counter_[1], low(draw_number),
                 counter_[3] | static_cast<std::uint32_t>(purpose)},
                key_);
}

std::uint64_t PhiloxStream::below(Purpose purpose, std::uint64_t n) const {
  const PhiloxBlock first = block(purpose, 0);
  return uniform_below(first[0], first[1], n);
}

std::uint32_t PhiloxStream::word(Purpose purpose, std::uint64_t w) const {
  return block(purpose, w / 4)[w % 4];
}

PhiloxStart PhiloxStream::start(Purpose purpose, std::uint64_t first_draw) const {
  return {counter_[0],     counter_[1],
          low(first_draw), counter_[3] | static_cast<std::uint32_t>(purpose),
          key_[0],         key_[1]};
}

void PhiloxStream::draw(Purpose purpose, std::uint64_t first_draw, std::size_t draws,
                        std::uint32_t* words) const {
  kernels().draw(start(purpose, first_draw), draws, words);
}

std::span<const std::uint32_t> PhiloxStream::words(Purpose purpose, std::uint64_t first,
                                                   std::size_t count) const {
  const std::uint64_t first_draw = first / 4;
  const std::size_t draws = whole_draws((first + count + 3) / 4 - first_draw);
  std::uint32_t* const words = scratch(4 * draws);
  draw(purpose, first_draw, draws, words);
  return {words + first % 4, count};
}

std::span<const std::uint32_t> PhiloxStream::words_where(
    Purpose purpose, std::span<const std::uint8_t> selected) const {
  std::uint32_t* const words = scratch(4 * whole_draws((selected.size() + 3) / 4));
  kernels().draw_where(start(purpose, 0), selected.data(), selected.size(), words);
  return {words, selected.size()};
}

std::array<std::span<const std::uint32_t>, 2> PhiloxStream::words_of_two(Purpose one, Purpose other,
                                                                         std::size_t count) const {
  const std::size_t draws = whole_draws((count + 3) / 4);
  std::uint32_t* const words = scratch(8 * draws);
  draw(one, 0, draws, words);
  draw(other, 0, draws, words + 4 * draws);
  return {std::span<const std::uint32_t>(words, count), {words + 4 * draws, count}};
}

}  // namespace millrace::providers
