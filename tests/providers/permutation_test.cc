#include "providers/permutation.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "support.h"

namespace millrace::providers {
namespace {

Draws draws_of(std::uint64_t index) { return Draws(99, proto::Split::kVal, 0, index); }

std::vector<std::uint32_t> whole(std::uint32_t n, std::uint64_t key) {
  std::vector<std::uint32_t> order(n);
  for (std::uint32_t i = 0; i < n; ++i) order[i] = permuted(draws_of(key), Purpose::kOrder, n, i);
  return order;
}

TEST(Permuted, IsABijectionForEverySize) {
  for (const std::uint32_t n : {1, 2, 3, 4, 5, 7, 15, 16, 17, 63, 64, 65, 257, 1000, 4096, 4097}) {
    std::vector<std::uint32_t> order = whole(n, n);
    std::sort(order.begin(), order.end());
    for (std::uint32_t i = 0; i < n; ++i) ASSERT_EQ(order[i], i) << "of " << n;
  }
}

TEST(Permuted, StaysBelowTheLargestSizes) {
  constexpr std::uint32_t kLargest = 0xffffffff;
  std::vector<std::uint32_t> seen;
  for (std::uint32_t i = 0; i < 1000; ++i) seen.push_back(permuted(draws_of(1), Purpose::kOrder, kLargest, kLargest - 1 - i));
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  EXPECT_LT(seen.back(), kLargest);
}

TEST(Permuted, DiffersByKey) {
  EXPECT_NE(whole(1000, 1), whole(1000, 2));
  EXPECT_EQ(whole(1000, 1), whole(1000, 1));
}

TEST(Permuted, PutsEveryValueEverywhereEquallyOften) {
  for (const std::uint32_t n : {5, 12, 100}) {
    std::vector<std::uint64_t> counts(n * n);
    for (std::uint64_t key = 0; key < 20'000; ++key) {
      for (const std::uint32_t i : {0U, n / 2, n - 1}) ++counts[i * n + permuted(draws_of(key), Purpose::kOrder, n, i)];
    }
    for (const std::uint32_t i : {0U, n / 2, n - 1}) {
      expect_uniform(std::span(counts).subspan(i * n, n), std::to_string(n) + " values, position " + std::to_string(i));
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
