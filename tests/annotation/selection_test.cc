// The selection rules: small chunks with results computed by hand, and random ones against a
// reference that sorts and searches.
#include "annotation/selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace millrace::annotation {
namespace {

using Tokens = std::vector<std::uint32_t>;
using Scores = std::vector<float>;
using Positions = std::vector<std::uint16_t>;

struct Picked {
  Positions order;
  Capacity capacity;
};

Picked pick(Selection selection, const Tokens& tokens, const Scores& scores) {
  Picked picked{Positions(tokens.size()), {}};
  picked.capacity = Picker(selection, 1000).pick(tokens, scores, picked.order);
  return picked;
}

Positions stage(const Positions& order, std::size_t length) {
  Positions positions(length);
  select<std::uint16_t>(order, length, positions);
  return positions;
}

TEST(Selection, ConstituencyByLabelThenPosition) {
  // "the old mill stands near Mill Race ." and "mill" again, with the rule's labels.
  const Tokens tokens = {10, 11, 12, 13, 14, 15, 16, 17, 12};
  const Scores labels = {7, 5, 3, 4, 7, 2, 1, 7, 3};
  const Picked picked = pick(Selection::kConstituency, tokens, labels);
  // 1: position 6. 2: 5. 3: 2 (and 8, the same token: left out). 4: 3. 5: 1. 7: 0, 4, 7.
  EXPECT_EQ(picked.order, (Positions{6, 5, 2, 3, 1, 0, 4, 7, 8}));
  EXPECT_EQ(picked.capacity, (Capacity{8, 8}));
  EXPECT_EQ(stage(picked.order, 5), (Positions{1, 2, 3, 5, 6}));
  EXPECT_EQ(stage(picked.order, 2), (Positions{5, 6}));
  EXPECT_TRUE(fills(picked.capacity, 2, 8));
  EXPECT_FALSE(fills(picked.capacity, 2, 9));
}

TEST(Selection, KeywordsByScoreAndFullStopsAgain) {
  // Scores: two full stops (token 9), a keyword twice (token 1), another (2), a stop word (3),
  // unscored (4).
  const Tokens tokens = {3, 1, 9, 2, 1, 4, 9};
  const Scores scores = {-1.05F, 0.5F, 1.1F, 0.75F, 0.5F, -1.2F, 1.1F};
  const Picked picked = pick(Selection::kKeybertNoStopword, tokens, scores);
  EXPECT_EQ(picked.order, (Positions{2, 6, 3, 1, 0, 5, 4}));
  EXPECT_EQ(picked.capacity, (Capacity{4, 6}));  // keys: both full stops, 2 and 1
  EXPECT_EQ(stage(picked.order, 4), (Positions{1, 2, 3, 6}));
  EXPECT_TRUE(fills(picked.capacity, 4, 6));
  EXPECT_FALSE(fills(picked.capacity, 5, 6));
}

TEST(Selection, KeywordBounds) {
  // Exactly 1 may not repeat, exactly -1 is a key, just below is none.
  const Picked picked =
      pick(Selection::kKeybertNoStopword, {5, 5, 6, 7}, {1, 1, -1, std::nextafter(-1.F, -2.F)});
  EXPECT_EQ(picked.capacity, (Capacity{2, 3}));
  EXPECT_EQ(picked.order, (Positions{0, 2, 3, 1}));
}

TEST(Selection, ATokenTakenByARepeatableScoreIsTaken) {
  const Picked picked = pick(Selection::kKeybertNoStopword, {5, 5}, {0.5F, 1.1F});
  EXPECT_EQ(picked.capacity, (Capacity{1, 1}));
  EXPECT_EQ(picked.order, (Positions{1, 0}));
}

TEST(Selection, OneTokenThroughout) {
  EXPECT_EQ(pick(Selection::kConstituency, {4, 4, 4}, {7, 1, 3}).capacity, (Capacity{1, 1}));
  EXPECT_EQ(pick(Selection::kConstituency, {4, 4, 4}, {7, 1, 3}).order, (Positions{1, 0, 2}));
}

/// The rule taken literally, for stages of these lengths; empty where the chunk is dropped.
std::optional<std::pair<std::set<std::size_t>, std::set<std::size_t>>> reference(
    Selection selection, const Tokens& tokens, const Scores& scores, std::size_t stage1,
    std::size_t stage2) {
  std::vector<std::pair<float, std::size_t>> all;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    all.emplace_back(selection == Selection::kConstituency ? scores[i] : -scores[i], i);
  }
  std::sort(all.begin(), all.end());
  std::set<std::uint32_t> ids;
  std::vector<std::size_t> taken;
  std::size_t keys = 0;
  for (const auto& [ignored, i] : all) {
    const bool repeatable = selection == Selection::kKeybertNoStopword && scores[i] > 1;
    if (!repeatable && ids.contains(tokens[i])) continue;
    ids.insert(tokens[i]);
    if (selection == Selection::kConstituency || scores[i] >= -1) ++keys;
    taken.push_back(i);
  }
  if (taken.size() < stage2 || keys < stage1) return std::nullopt;
  const auto first = [&](std::size_t n) {
    return std::set<std::size_t>(taken.begin(), taken.begin() + static_cast<std::ptrdiff_t>(n));
  };
  return std::pair(first(stage1), first(stage2));
}

TEST(Selection, EqualsTheReferenceOnRandomChunks) {
  std::mt19937 random(20240229);
  std::size_t dropped = 0;
  std::size_t kept = 0;
  for (const Selection selection : {Selection::kConstituency, Selection::kKeybertNoStopword}) {
    // One Picker for all chunks: earlier chunks must not count.
    Picker picker(selection, 100);
    for (int round = 0; round < 2000; ++round) {
      const std::size_t length = 1 + random() % 40;
      const std::size_t stage2 = 1 + random() % length;
      const std::size_t stage1 = 1 + random() % stage2;
      Tokens tokens(length);
      Scores scores(length);
      for (std::size_t i = 0; i < length; ++i) {
        tokens[i] = static_cast<std::uint32_t>(random() % 60);
        constexpr float kSome[] = {1.1F, 1.F, 0.5F, 0.25F, 0.F, -1.F, -1.05F, -1.2F};
        scores[i] = selection == Selection::kConstituency ? static_cast<float>(1 + random() % 7)
                                                          : kSome[random() % 8];
      }
      Positions order(length);
      const Capacity capacity = picker.pick(tokens, scores, order);
      EXPECT_TRUE(std::is_permutation(order.begin(), order.end(),
                                      [&] {
                                        Positions all(length);
                                        for (std::size_t i = 0; i < length; ++i) {
                                          all[i] = static_cast<std::uint16_t>(i);
                                        }
                                        return all;
                                      }()
                                          .begin()));
      const auto expected = reference(selection, tokens, scores, stage1, stage2);
      ASSERT_EQ(
          fills(capacity, static_cast<std::uint32_t>(stage1), static_cast<std::uint32_t>(stage2)),
          expected.has_value());
      if (!expected) {
        ++dropped;
        continue;
      }
      ++kept;
      const Positions first = stage(order, stage1);
      const Positions second = stage(order, stage2);
      EXPECT_TRUE(
          std::equal(first.begin(), first.end(), expected->first.begin(), expected->first.end()));
      EXPECT_TRUE(std::equal(second.begin(), second.end(), expected->second.begin(),
                             expected->second.end()));
    }
  }
  EXPECT_GT(dropped, 500u);
  EXPECT_GT(kept, 500u);
}

TEST(Selection, ADamagedOrderIsAnError) {
  const std::vector<std::uint8_t> beyond = {0, 9, 1};
  const std::vector<std::uint8_t> twice = {2, 2, 1};
  Positions positions(2);
  EXPECT_THROW(select<std::uint8_t>(beyond, 2, positions), std::out_of_range);
  EXPECT_THROW(select<std::uint8_t>(twice, 2, positions), std::out_of_range);
}

TEST(Selection, Names) {
  EXPECT_EQ(selection_from("constituency"), Selection::kConstituency);
  EXPECT_EQ(selection_from("keybert_no_stopword"), Selection::kKeybertNoStopword);
  EXPECT_FALSE(selection_from("keybert").has_value());
}

}  // namespace
}  // namespace millrace::annotation
