// The rounds of iterative editing, on hand-made texts.
#include "trainer/sampling/editing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>

namespace millrace::trainer {
namespace {

using Ids = std::vector<std::int64_t>;
using Places = std::vector<std::size_t>;
using Reals = std::vector<double>;

constexpr std::int64_t kSlot = -1;
constexpr std::size_t kLongest = 12;
const Ids kSlots(kLongest + 1, kSlot);
const Reals kNoTies(kLongest + 1, 0.5);

/// 'a' is given, '_' is not; the tokens are 0, 1, 2, …
EditedText text_of(const std::string& pattern) {
  Ids tokens;
  std::vector<bool> given;
  for (const char c : pattern) {
    tokens.push_back(static_cast<std::int64_t>(tokens.size()));
    given.push_back(c == 'a');
  }
  return {tokens, given};
}

void expect_near(const Reals& found, const Reals& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], wanted[i], 1e-15) << i;
}

Places open_gaps(const EditedText& text) {
  Places found;
  for (std::size_t gap = 0; gap <= text.size(); ++gap) {
    if (text.can_insert(gap)) {
      found.push_back(gap);
    }
  }
  return found;
}

TEST(EditSchedule, LinearAndCosine) {
  const Ramp ramp{0.4, 0.1};
  const Reals linear{0.4, 0.325, 0.25, 0.175, 0.1};
  for (std::uint64_t round = 0; round < 5; ++round) {
    EXPECT_NEAR(share_at(ramp, Curve::kLinear, round, 5), linear[round], 1e-15);
    const double w = (1.0 + std::cos(std::acos(-1.0) * static_cast<double>(round) / 4.0)) / 2.0;
    EXPECT_NEAR(share_at(ramp, Curve::kCosine, round, 5), 0.4 * w + 0.1 * (1.0 - w), 1e-15);
  }
  EXPECT_NEAR(share_at(ramp, Curve::kCosine, 1, 5), 0.25 + 0.15 * std::sqrt(0.5), 1e-15);
}

TEST(EditSchedule, ASingleRoundHasTheStartValue) {
  EXPECT_EQ(share_at({0.4, 0.1}, Curve::kLinear, 0, 1), 0.4);
  EXPECT_EQ(share_at({0.4, 0.1}, Curve::kCosine, 0, 1), 0.4);
}

TEST(EditPlan, OnlyRatiosChangeALength) {
  EditPlan plan;
  plan.noise = {1.0, 1.0};
  plan.keeps_length = true;
  EXPECT_FALSE(plan.edits());
  for (Ramp EditPlan::*const ratio : {&EditPlan::insert_ratio, &EditPlan::delete_ratio}) {
    for (const Ramp& ramp : {Ramp{0.1, 0.0}, Ramp{0.0, 0.1}}) {
      EditPlan other = plan;
      other.*ratio = ramp;
      EXPECT_TRUE(other.edits());
    }
  }
}

TEST(EditScores, AGapHasTheScoreOfItsLessProbableNeighbour) {
  expect_near(insertion_scores({{0.9, 0.25, 0.5}, {}}), {0.1, 0.75, 0.75, 0.5});
  expect_near(insertion_scores({{1.0}, {}}), {0.0, 0.0});
}

TEST(EditScores, DeletionScoresAreTheGainLessTheMargin) {
  // d = 0.5, 0.0625, −0.25, and nothing moves up to the last; less 0.125: 0.375, 0, 0, 0.
  expect_near(deletion_scores({{0.25, 0.5, 0.5, 0.125}, {0.75, 0.5625, 0.25, 0.0}}, 0.125, 0.5),
              {0.375, 0.0, 0.0, 0.0});
  // d = 0.25, 0.5, 0.75: each gets half of the next one's.
  expect_near(deletion_scores({{0.25, 0.25, 0.125, 0.5}, {0.5, 0.75, 0.875, 0.0}}, 0.0, 0.5),
              {0.5, 0.875, 0.75, 0.0});
  expect_near(deletion_scores({{0.5}, {0.0}}, 0.0, 1.0), {0.0});
}

TEST(EditChoice, TakesTheHighestAllowedScores) {
  const Reals scores{0.5, 0.9, 0.1, 0.8, 0.7};
  const std::vector<bool> all(5, true);
  EXPECT_EQ(highest(scores, all, kNoTies, 2), (Places{1, 3}));
  EXPECT_EQ(highest(scores, {true, false, true, true, false}, kNoTies, 2), (Places{0, 3}));
  EXPECT_EQ(highest(scores, {true, false, true, false, false}, kNoTies, 4), (Places{0, 2}));
  EXPECT_EQ(highest(scores, all, kNoTies, 0), Places{});
  EXPECT_EQ(highest({}, {}, {}, 3), Places{});
}

TEST(EditChoice, TiesDecideBetweenEqualScores) {
  const Reals scores{0.5, 0.5, 0.5, 0.7};
  EXPECT_EQ(highest(scores, std::vector<bool>(4, true), Reals{0.3, 0.9, 0.1, 0.95}, 2),
            (Places{2, 3}));
  EXPECT_EQ(highest(scores, std::vector<bool>(4, true), Reals{0.3, 0.9, 0.1, 0.95}, 3),
            (Places{0, 2, 3}));
}

TEST(EditedText, NothingIsInsertedInsideGivenRunsOrBeyondGivenEnds) {
  EXPECT_EQ(open_gaps(text_of("aa__a_a")), (Places{2, 3, 4, 5, 6}));
  EXPECT_EQ(open_gaps(text_of("_aa_")), (Places{0, 1, 3, 4}));
  EXPECT_EQ(open_gaps(text_of("aaa")), Places{});
  EXPECT_EQ(open_gaps(text_of("_")), (Places{0, 1}));
}

TEST(EditedText, InsertedTokensStandInTheirGaps) {
  EditedText text = text_of("____");
  text.apply({{}, {0, 2, 4}}, kSlots);
  EXPECT_EQ(text.tokens(), (Ids{kSlot, 0, 1, kSlot, 2, 3, kSlot}));
  EXPECT_EQ(text.initial_size(), 4U);
}

TEST(EditedText, FillerIsIndexedByThePlaceInTheNewText) {
  EditedText text = text_of("___");
  text.apply({{0}, {1, 3}}, Ids{100, 101, 102, 103});
  EXPECT_EQ(text.tokens(), (Ids{100, 1, 2, 103}));
}

TEST(EditedText, InsertsAndDeletesAtOnce) {
  EditedText text = text_of("______");
  text.apply({{1, 2, 5}, {2, 5}}, kSlots);
  EXPECT_EQ(text.tokens(), (Ids{0, kSlot, 3, 4, kSlot}));
}

TEST(EditedText, GivenTokensStayInOrderAndTogether) {
  EditedText text = text_of("aa__a_aa");
  text.apply({{2, 3, 5}, {5}}, kSlots);
  EXPECT_EQ(text.tokens(), (Ids{0, 1, 4, kSlot, 6, 7}));
  EXPECT_EQ(text.editable(), 1U);
  text.apply({{3}, {}}, kSlots);
  EXPECT_EQ(text.tokens(), (Ids{0, 1, 4, 6, 7}));
  // Between runs, never inside one nor outside the text's given ends.
  EXPECT_EQ(open_gaps(text), (Places{2, 3}));
}

TEST(EditedText, AnEndThatWasOpenStaysOpen) {
  EditedText text = text_of("_aa_");
  text.apply({{0, 3}, {}}, kSlots);
  EXPECT_EQ(text.tokens(), (Ids{1, 2}));
  EXPECT_EQ(open_gaps(text), (Places{0, 2}));
}

TEST(EditedText, CoolsDownAroundTheLastEdits) {
  EditedText text = text_of("__________");
  text.apply({{7}, {3}}, kSlots);  // 0 1 2 _ 3 4 5 6 8 9: the slot is token 3, token 7 left gap 8
  const auto resting = [&](std::uint64_t distance) {
    std::pair<Places, Places> found;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (text.gap_cools_down(i, distance)) {
        found.first.push_back(i);
      }
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text.token_cools_down(i, distance)) {
        found.second.push_back(i);
      }
    }
    return found;
  };
  EXPECT_EQ(resting(0), (std::pair<Places, Places>{}));
  EXPECT_EQ(resting(1), (std::pair<Places, Places>{{3, 4}, {7, 8}}));
  EXPECT_EQ(resting(2), (std::pair<Places, Places>{{2, 3, 4, 5}, {6, 7, 8, 9}}));
  text.apply({}, kSlots);  // a round without edits
  EXPECT_EQ(resting(2), (std::pair<Places, Places>{}));
}

/// Nothing is sure, and everything would gain by a deletion, to the right more.
TokenProbs rising(std::size_t size) {
  TokenProbs probs{Reals(size, 0.0), Reals(size, 0.0)};
  for (std::size_t i = 0; i < size; ++i) probs.own[i] = 0.5 - 0.01 * static_cast<double>(i);
  for (std::size_t i = 0; i + 1 < size; ++i) {
    probs.next[i] = probs.own[i] + 0.02 * static_cast<double>(i + 2);
  }
  return probs;
}

struct Ratios {
  double inserted = 0.0, deleted = 0.0;
};
EditPlan plan_of(const Ratios& ratios) {
  EditPlan plan;
  plan.insert_ratio = {ratios.inserted, ratios.inserted};
  plan.delete_ratio = {ratios.deleted, ratios.deleted};
  return plan;
}

Edits chosen(const EditedText& text, const TokenProbs& probs, const EditPlan& plan,
             std::size_t longest = kLongest) {
  return choose_edits(text, probs, plan, {0, 4, longest, kNoTies, kNoTies});
}

TEST(EditRound, AShareOfTheEditableTokensIsRoundedDown) {
  // 2.1 and 3.5 of 7.
  const auto edits =
      chosen(text_of("aa_______"), rising(9), plan_of({.inserted = 0.3, .deleted = 0.5}));
  EXPECT_EQ(edits.inserted, (Places{8, 9}));
  EXPECT_EQ(edits.deleted, (Places{5, 6, 7}));  // the last has nothing behind it to move up
}

TEST(EditRound, SharesFollowTheSchedule) {
  EditPlan plan;
  plan.insert_ratio = {0.5, 0.0};
  plan.edit_schedule = Curve::kLinear;
  const EditedText text = text_of("________");
  const std::vector<std::size_t> wanted{4, 2, 1, 0};  // of 8: 4, 2.67, 1.33, 0
  for (std::uint64_t round = 0; round < 4; ++round) {
    EXPECT_EQ(
        choose_edits(text, rising(8), plan, {round, 4, kLongest, kNoTies, kNoTies}).inserted.size(),
        wanted[round])
        << round;
  }
}

TEST(EditRound, GivenTokensAreNeitherDeletedNorSeparated) {
  const auto edits =
      chosen(text_of("a_aaa_"), rising(6), plan_of({.inserted = 1.0, .deleted = 1.0}));
  EXPECT_EQ(edits.deleted, (Places{1}));
  EXPECT_EQ(edits.inserted, (Places{5, 6}));  // 2 of 1, 2, 5, 6
}

TEST(EditRound, ATextWithoutEditableTokensIsNotEdited) {
  for (const bool keeps_length : {false, true}) {
    EditPlan plan = plan_of({.inserted = 1.0, .deleted = 1.0});
    plan.keeps_length = keeps_length;
    EditedText text = text_of("aaa");
    const auto edits = chosen(text, rising(3), plan);
    EXPECT_TRUE(edits.inserted.empty() && edits.deleted.empty());
    text.apply(edits, kSlots);
    EXPECT_EQ(text.tokens(), (Ids{0, 1, 2}));
  }
}

TEST(EditRound, WithoutAGainNothingIsDeleted) {
  EditPlan plan = plan_of({.deleted = 1.0});
  plan.delete_margin = 0.11;  // the gains are 0.04, 0.06, 0.08, 0.10, 0.12, 0.14
  plan.delete_lambda = 0.0;
  EXPECT_EQ(chosen(text_of("_______"), rising(7), plan).deleted, (Places{4, 5}));
}

TEST(EditRound, NoTextGrowsBeyondTheBlock) {
  const EditPlan plan = plan_of({.inserted = 0.5});
  EXPECT_EQ(chosen(text_of("______"), rising(6), plan, 8).inserted.size(), 2U);
  EXPECT_TRUE(chosen(text_of("______"), rising(6), plan, 6).inserted.empty());
  const auto edits =
      chosen(text_of("______"), rising(6), plan_of({.inserted = 0.5, .deleted = 0.2}), 6);
  EXPECT_EQ(edits.deleted.size(), 1U);
  EXPECT_EQ(edits.inserted.size(), 1U);  // as many as room was made for
}

TEST(EditRound, OneTokenAlwaysRemains) {
  TokenProbs probs = rising(3);
  probs.next = {1.0, 1.0, 1.0};
  EditedText text = text_of("___");
  text.apply(chosen(text, probs, plan_of({.deleted = 1.0})), kSlots);
  EXPECT_EQ(text.size(), 1U);
}

TEST(EditRound, NoEditIsNearTheLastEdits) {
  EditedText text = text_of("______");
  EditPlan plan = plan_of({.inserted = 0.2, .deleted = 0.2});
  plan.cooldown_distance = 2;
  // Token 3 goes, and a slot comes before token 5.
  text.apply(chosen(text, rising(6), plan), kSlots);
  ASSERT_EQ(text.tokens(), (Ids{0, 1, 2, 4, kSlot, 5}));
  const auto edits = chosen(text, rising(6), plan);
  EXPECT_EQ(edits.inserted, (Places{2}));  // two tokens before the slot
  EXPECT_EQ(edits.deleted, (Places{0}));   // two tokens before gap 3; the last token gains nothing
}

TEST(EditRound, KeepsLengthLeadsBackToTheInitialLength) {
  EditPlan plan = plan_of({});
  plan.keeps_length = true;
  plan.cooldown_distance = 0;
  EditedText text = text_of("________");
  text.apply({{0, 1, 2, 3}, {}}, kSlots);
  EXPECT_EQ(chosen(text, rising(4), plan).inserted.size(), 3U);  // 4 are missing
  text.apply({{}, {0, 1, 2}}, kSlots);
  EXPECT_EQ(chosen(text, rising(7), plan).inserted.size(), 1U);
  text.apply({{}, {0, 1, 2}}, kSlots);
  const TokenProbs sure{Reals(10, 1.0), Reals(10, 0.0)};  // no deletion gains anything
  EXPECT_EQ(chosen(text, sure, plan).deleted.size(), 2U);
  EXPECT_TRUE(chosen(text, sure, plan).inserted.empty());
  plan.delete_ratio = {0.5, 0.5};
  EXPECT_EQ(chosen(text, sure, plan).deleted.size(), 2U);
  EXPECT_EQ(chosen(text, rising(10), plan).deleted.size(), 7U);  // 5 for the ratio
}

}  // namespace
}  // namespace millrace::trainer
