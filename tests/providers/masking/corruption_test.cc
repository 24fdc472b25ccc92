// BERT's corruption and partial targets against their definitions.
#include "providers/masking/corruption.h"

#include <numeric>

#include <gtest/gtest.h>

#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

constexpr std::uint32_t kMask = 65;
constexpr std::uint8_t kOriginal = 7;

PhiloxStream draws_of(std::uint64_t index) {
  return PhiloxStream(2, proto::Split::kTrain, 0, index);
}

/// x for a text of kOriginal alone.
std::vector<std::uint8_t> corrupted(std::uint64_t index, const std::vector<std::uint8_t>& selected,
                                    Corruption how) {
  const std::vector<std::uint8_t> original(selected.size(), kOriginal);
  std::vector<std::uint8_t> x(selected.size(), 255);
  corrupt<std::uint8_t>(original, selected, how, kMask, draws_of(index), x);
  return x;
}

TEST(Corruption, HasThresholdsOfEightyAndNinetyPercent) {
  EXPECT_EQ(kMaskBelow, 3435973837U);
  EXPECT_NEAR(kMaskBelow / 4294967296.0, 0.8, 1e-9);
  EXPECT_NEAR(kRandomBelow / 4294967296.0, 0.9, 1e-9);
}

TEST(Corruption, LeavesUnselectedPositionsAlone) {
  std::vector<std::uint8_t> selected(1000);
  for (std::size_t j = 0; j < selected.size(); j += 3) selected[j] = 1;
  for (const Corruption how : {Corruption::kBert, Corruption::kAllMask}) {
    const auto x = corrupted(1, selected, how);
    for (std::size_t j = 0; j < x.size(); ++j) ASSERT_TRUE(selected[j] == 1 || x[j] == kOriginal);
  }
}

TEST(Corruption, OfSpansIsAllMask) {
  for (const std::uint8_t x :
       corrupted(1, std::vector<std::uint8_t>(1000, 1), Corruption::kAllMask)) {
    ASSERT_EQ(x, kMask);
  }
}

TEST(Corruption, FollowsItsDefinition) {
  const std::vector<std::uint8_t> selected(500, 1);
  const auto x = corrupted(9, selected, Corruption::kBert);
  for (std::size_t j = 0; j < x.size(); ++j) {
    const std::uint64_t u = draws_of(9).word(Purpose::kCorrupt, j);
    const std::uint64_t random = (u - 3435973837) * kMask / (3865470566 - 3435973837);
    ASSERT_EQ(x[j], u < 3435973837 ? kMask : u < 3865470566 ? random : kOriginal);
  }
}

TEST(Corruption, GivesEightyTenTen) {
  constexpr std::size_t kLength = 400'000;
  const auto x = corrupted(3, std::vector<std::uint8_t>(kLength, 1), Corruption::kBert);
  std::vector<std::uint64_t> seen(256);
  for (const std::uint8_t token : x) ++seen[token];
  expect_rate(static_cast<double>(seen[kMask]), kLength, 0.8, "masked");
  // The random token is the original in one case of 65.
  expect_rate(static_cast<double>(seen[kOriginal]), kLength, 0.1 + 0.1 / kMask, "unchanged");
  std::vector<std::uint64_t> random(seen.begin(), seen.begin() + kMask);
  random.erase(random.begin() + kOriginal);
  expect_uniform(random, "random tokens");
  EXPECT_EQ(std::accumulate(seen.begin() + kMask + 1, seen.end(), std::uint64_t{0}), 0U);
}

TEST(Corruption, RandomTokensAreNeverTheMask) {
  const std::vector<std::uint32_t> words = {kMaskBelow, kRandomBelow - 1};
  const std::vector<std::uint8_t> selected = {1, 1};
  const std::vector<std::uint32_t> original = {7, 7};
  for (const Kernels* each : available_kernels()) {
    for (const std::uint32_t tokens : {1U, 2U, 65U, 255U, 1'114'112U}) {
      std::vector<std::uint32_t> x(2);
      each->u32.corrupt(original.data(), selected.data(), words.data(), 2, tokens, x.data());
      EXPECT_EQ(x, (std::vector<std::uint32_t>{0, tokens - 1})) << each->name;
    }
  }
}

TEST(PartialTargets, HaveTheSentinelWhereNothingIsSelected) {
  const std::vector<std::uint8_t> original{1, 2, 3};
  const std::vector<std::uint8_t> selected{0, 1, 0};
  std::vector<std::uint16_t> y(3);
  partial_targets<std::uint8_t, std::uint16_t>(original, selected, y);
  EXPECT_EQ(y, (std::vector<std::uint16_t>{0xffff, 2, 0xffff}));
}

}  // namespace
}  // namespace millrace::providers
