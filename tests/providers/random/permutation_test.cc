// Permutations: bijections, uniformity, and values computed once.
#include "providers/random/permutation.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

PhiloxStream draws_of(std::uint64_t index) {
  return PhiloxStream(99, proto::Split::kVal, 0, index);
}

std::vector<std::uint64_t> whole(std::uint64_t n, std::uint64_t key) {
  std::vector<std::uint64_t> order(n);
  for (std::uint64_t i = 0; i < n; ++i) order[i] = permuted(draws_of(key), Purpose::kOrder, n, i);
  return order;
}

std::vector<std::uint64_t> identity(std::uint64_t n) {
  std::vector<std::uint64_t> order(n);
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  return order;
}

TEST(Permuted, IsABijectionForEverySize) {
  std::vector<std::uint64_t> sizes = identity(301);
  sizes.front() = 1000;
  sizes.insert(sizes.end(), {4096, 4097, 65536, 65537});
  for (const std::uint64_t n : sizes) {
    std::vector<std::uint64_t> order = whole(n, n);
    std::ranges::sort(order);
    ASSERT_EQ(order, identity(n));
  }
}

// Repeated calls for one permutation use the cache of rounds; alternating between permutations
// never does. Both give the same entries.
TEST(Permuted, IsTheSameHoweverOftenItIsAsked) {
  for (const std::uint64_t n : {2, 3, 64, 1000, 4096, 4097, 70'000, 10'000'000, 17'000'000}) {
    const std::uint64_t count = std::min<std::uint64_t>(n, 3000);
    std::vector<std::uint64_t> in_a_row(count);
    std::vector<std::uint64_t> in_turns(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      in_a_row[i] = permuted(draws_of(1), Purpose::kOrder, n, i);
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      (void)permuted(draws_of(2), Purpose::kOrder, n, i);
      in_turns[i] = permuted(draws_of(1), Purpose::kOrder, n, i);
    }
    EXPECT_EQ(in_a_row, in_turns) << n;
  }
}

/// Expects different values below n for the `count` entries that end at n − 1.
void expect_injective(std::uint64_t n, std::uint64_t count) {
  std::vector<std::uint64_t> seen;
  for (std::uint64_t i = n - count; i < n; ++i) {
    seen.push_back(permuted(draws_of(n), Purpose::kOrder, n, i));
  }
  std::ranges::sort(seen);
  EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end()) << n;
  EXPECT_LT(seen.back(), n);
  EXPECT_LT(seen.front(), n / 100);  // the values are spread
  EXPECT_GT(seen.back(), n - n / 100);
}

TEST(Permuted, TakesSizesUpTo64Bits) {
  constexpr std::uint64_t kNarrow = std::uint64_t{1} << 32;
  for (const std::uint64_t n : {kNarrow - 1, kNarrow, kNarrow + 1, kNarrow << 2,
                                ~std::uint64_t{0} >> 1, ~std::uint64_t{0}}) {
    expect_injective(n, 2000);
  }
  for (std::uint64_t k = 0; k < 50; ++k) {  // sizes of every length from 13 to 40 bits
    const std::uint64_t word = draws_of(k).word(Purpose::kSelect, 0);
    expect_injective(((word << 8 | 0x5a) >> (k % 28)) + 5000, 2000);
  }
}

// Computed once: digests of streams depend on these values.
TEST(Permuted, IsWhatItWas) {
  const auto first = [](std::uint64_t n) {
    std::vector<std::uint64_t> values;
    for (const std::uint64_t i : {std::uint64_t{0}, std::uint64_t{1}, n / 2, n - 1}) {
      values.push_back(permuted(draws_of(7), Purpose::kOrder, n, i));
    }
    return values;
  };
  expect_elements(first(1000), {588, 52, 273, 301});
  expect_elements(first(0xffffffff), {95480146, 2184985865, 681179523, 2269014411});
  expect_elements(first(std::uint64_t{1} << 40),
                  {920403102750, 1088654961669, 828543975363, 384295174980});
}

TEST(Permuted, PutsEveryValueEverywhereEquallyOftenAbove32Bits) {
  constexpr std::uint64_t kSize = (std::uint64_t{1} << 40) - 3;
  for (const std::uint64_t i : {std::uint64_t{0}, kSize / 2, kSize - 1}) {
    std::vector<std::uint64_t> high(64);
    std::vector<std::uint64_t> low(64);
    for (std::uint64_t key = 0; key < 20'000; ++key) {
      const std::uint64_t value = permuted(draws_of(key), Purpose::kOrder, kSize, i);
      ++high[value >> 34];
      ++low[value % 64];
    }
    expect_uniform(high, "upper bits");
    expect_uniform(low, "lower bits");
  }
}

TEST(Permuted, DiffersByKey) {
  EXPECT_NE(whole(1000, 1), whole(1000, 2));
  EXPECT_EQ(whole(1000, 1), whole(1000, 1));
}

TEST(Permuted, PutsEveryValueEverywhereEquallyOften) {
  for (const std::uint64_t n : {5, 12, 100}) {
    std::vector<std::uint64_t> counts(n * n);
    for (std::uint64_t key = 0; key < 20'000; ++key) {
      for (const std::uint64_t i : {std::uint64_t{0}, n / 2, n - 1}) {
        ++counts[i * n + permuted(draws_of(key), Purpose::kOrder, n, i)];
      }
    }
    for (const std::uint64_t i : {std::uint64_t{0}, n / 2, n - 1}) {
      expect_uniform(std::span(counts).subspan(i * n, n),
                     std::to_string(n) + " values, position " + std::to_string(i));
    }
  }
}

TEST(Shuffle, IsUniformOverAllOrders) {
  std::map<std::array<std::uint8_t, 4>, std::uint64_t> seen;
  for (std::uint64_t key = 0; key < 24'000; ++key) {
    std::array<std::uint8_t, 4> order;
    shuffle(draws_of(key), Purpose::kMix, order);
    ++seen[order];
  }
  ASSERT_EQ(seen.size(), 24U);
  std::vector<std::uint64_t> counts;
  for (const auto& [order, count] : seen) counts.push_back(count);
  expect_uniform(counts);
}

TEST(Shuffle, HoldsEveryNumberOnce) {
  for (const std::size_t n : {1, 2, 9, 14, 255}) {
    std::vector<std::uint8_t> order(n);
    shuffle(draws_of(n), Purpose::kMix, order);
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(order[i], i);
  }
}

}  // namespace
}  // namespace millrace::providers
