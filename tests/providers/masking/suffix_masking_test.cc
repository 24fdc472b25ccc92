// The example of docs/how-to/add_a_masking_stage.md, from a recipe to selected positions: what a
// type outside the table of config/stages.cc can do.
#include "tests/providers/masking/suffix_masking.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "config/errors.h"
#include "config/recipe.h"
#include "config/stream_settings.h"
#include "providers/masking/stage_types.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

constexpr StageType kTypes[] = {{"suffix", make_suffix_masking}};

config::Options recipe(const std::string& settings) {
  return config::default_options(
      {{"schedule", "mix"}, {"stages", "[{type = \"suffix\", settings = " + settings + "}]"}});
}

std::unique_ptr<const Masking> masking(const std::string& settings) {
  return make_masking(recipe(settings).provider.stages.front(), kTypes);
}

std::vector<std::uint8_t> select(const Masking& masking, std::uint64_t index, std::size_t length) {
  std::vector<std::uint8_t> selected(length, 7);  // select() must write every position
  masking.select(PhiloxStream(4711, proto::Split::kTrain, 0, index), selected);
  return selected;
}

TEST(SuffixMasking, MasksAnEndOfUniformLength) {
  const auto suffix = masking("{max_ratio = 0.25}");
  EXPECT_EQ(suffix->corruption(), Corruption::kAllMask);
  std::vector<std::uint64_t> lengths(10);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const auto selected = select(*suffix, i, 40);
    ASSERT_TRUE(std::ranges::is_sorted(selected)) << "selected in front of the end";
    ++lengths.at(std::accumulate(selected.begin(), selected.end(), std::size_t{0}) - 1);
  }
  expect_uniform(lengths);
}

TEST(SuffixMasking, KeepsTheLengthsOfItsFirstVersion) {
  const auto suffix = masking("{}");
  std::vector<std::size_t> lengths;
  for (const std::uint64_t index : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 33}) {
    const auto selected = select(*suffix, index, 1000);
    lengths.push_back(std::accumulate(selected.begin(), selected.end(), std::size_t{0}));
  }
  EXPECT_EQ(lengths, (std::vector<std::size_t>{310, 86, 409}));
}

TEST(SuffixMasking, RefusesSettingsThatItDoesNotKnow) {
  expect_error<config::UsageError>([] { (void)masking("{max_ration = 0.5}"); },
                                   {"settings.max_ration", "did you mean 'max_ratio'?"});
  expect_error<config::UsageError>([] { (void)masking("{max_ratio = \"half\"}"); },
                                   {"settings.max_ratio = \"half\": expected a number"});
  expect_error<config::UsageError>([] { (void)masking("{max_ratio = 1.5}"); },
                                   {"settings.max_ratio = 1.5", "expected a number above 0 to 1"});
}

TEST(SuffixMasking, IsPartOfTheFingerprintWithItsSettings) {
  EXPECT_EQ(config::stream_settings(recipe("{max_ratio = 0.25}")).at("stages"),
            "suffix(max_ratio=0.25)");
  EXPECT_EQ(config::stream_settings(recipe("{}")).at("stages"), "suffix()");
}

TEST(SuffixMasking, IsUnknownToTheProgramsThatDoNotRegisterIt) {
  const config::Options options = recipe("{}");
  expect_error<config::UsageError>(
      [&] { (void)make_masking(options.provider.stages.front()); },
      {"unknown stage type 'suffix'; the known ones are random, sticky, span"});
}

}  // namespace
}  // namespace millrace::providers
