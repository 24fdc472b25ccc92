// Items of samples: splits, passes, epochs.
#include "providers/windows/item_order.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Split;

config::DataOptions data_options(const std::string& order) {
  config::DataOptions options;
  options.order = order;
  options.val_fraction = 0.2;
  options.test_fraction = 0.1;
  return options;
}

std::uint64_t item(const ItemOrder& order, Split split, std::uint64_t index) {
  return order.item(split, index, PhiloxStream(1337, split, 0, index));
}

TEST(ItemOrder, SplitsFollowOneAnother) {
  const ItemOrder order(data_options("random"), 101);
  EXPECT_EQ(order.items(Split::kTrain), 71u);
  EXPECT_EQ(order.items(Split::kVal), 20u);
  EXPECT_EQ(order.items(Split::kTest), 10u);
  for (std::uint64_t i = 0; i < 500; ++i) EXPECT_LT(item(order, Split::kTrain, i), 71u);
  std::set<std::uint64_t> val;
  std::set<std::uint64_t> test;
  for (std::uint64_t i = 0; i < 20; ++i) val.insert(item(order, Split::kVal, i));
  for (std::uint64_t i = 0; i < 10; ++i) test.insert(item(order, Split::kTest, i));
  EXPECT_EQ(val.size(), 20u);
  EXPECT_EQ(*val.begin(), 71u);
  EXPECT_EQ(*val.rbegin(), 90u);
  EXPECT_EQ(test.size(), 10u);
  EXPECT_EQ(*test.begin(), 91u);
}

TEST(ItemOrder, ShuffleTakesEachOncePerEpoch) {
  const ItemOrder order(data_options("shuffle"), 100);
  std::vector<std::vector<std::uint64_t>> epochs;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<std::uint64_t> items;
    for (std::uint64_t i = 0; i < 70; ++i) {
      items.push_back(item(order, Split::kTrain, epoch * 70 + i));
    }
    epochs.push_back(items);
    EXPECT_EQ(std::set(items.begin(), items.end()).size(), 70u);
  }
  EXPECT_NE(epochs[0], epochs[1]);
  EXPECT_NE(epochs[1], epochs[2]);
}

TEST(ItemOrder, SequentialAndRandom) {
  const ItemOrder sequential(data_options("sequential"), 10);
  for (std::uint64_t i = 0; i < 30; ++i) EXPECT_EQ(item(sequential, Split::kTrain, i), i % 7);
  const ItemOrder random(data_options("random"), 10);
  std::vector<std::uint64_t> counts(7);
  for (std::uint64_t i = 0; i < 70'000; ++i) ++counts[item(random, Split::kTrain, i)];
  expect_uniform(counts);
}

}  // namespace
}  // namespace millrace::providers
