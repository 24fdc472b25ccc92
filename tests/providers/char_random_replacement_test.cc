// The provider char_random_replacement against its definition, and its frequencies against its
// weights.
#include "providers/char_random_replacement.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "config/errors.h"
#include "datasets/characters/memory_text.h"
#include "proto/digest.h"
#include "providers/masking/replacement.h"
#include "providers/registry.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Batch;
using proto::Split;

constexpr std::uint32_t kTokens = 16;  // of the generated text; [MASK] is this id
constexpr std::uint8_t kIgnored = 255;
constexpr std::uint32_t kLength = 64;

config::Options options_of(double random, double mask, double fragment, double multiplier = 1) {
  config::Options options = small_options(kLength);
  options.provider.name = "char_random_replacement";
  options.provider.random_weight = random;
  options.provider.mask_weight = mask;
  options.provider.fragment_weight = fragment;
  options.provider.original_token_probability_multiplier = multiplier;
  return options;
}

/// Samples [0, count) of a split: x, the originals and the selected positions.
struct Samples {
  std::vector<std::uint8_t> x;
  std::vector<std::uint8_t> original;
  std::vector<bool> selected;
};

Samples samples_of(config::Options options, std::uint32_t count, Split split = Split::kTrain) {
  options.provider.partial_targets = true;
  const Batch batch = fill_batch(*make_char_random_replacement(options), {split, 0, count, {}});
  const auto x = batch.values<std::uint8_t>(0);
  const auto y = batch.values<std::uint8_t>(1);
  Samples samples{{x.begin(), x.end()}, {}, {}};
  for (std::size_t i = 0; i < x.size(); ++i) {
    samples.selected.push_back(y[i] != kIgnored);
    samples.original.push_back(y[i] != kIgnored ? y[i] : x[i]);
  }
  return samples;
}

double count_where(const Samples& samples, const auto& is) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < samples.x.size(); ++i) {
    count += samples.selected[i] && is(samples.x[i], samples.original[i]) ? 1 : 0;
  }
  return static_cast<double>(count);
}

double selected_in(const Samples& samples) {
  return count_where(samples, [](auto, auto) { return true; });
}

TEST(CharRandomReplacement, DescribesItsStream) {
  const auto provider = make_provider(options_of(.8, .2, 0));
  const proto::StreamMeta& meta = provider->meta();
  EXPECT_EQ(meta.provider, "char_random_replacement");
  EXPECT_EQ(meta.mask_token_id, kTokens);
  EXPECT_EQ(meta.vocab_size, kTokens + 1);
  ASSERT_EQ(meta.schema.fields.size(), 2U);
  EXPECT_EQ(
      meta.schema.fields[0],
      (proto::Field{
          "x", proto::WireType::kU8, proto::LogicalType::kI64, {64}, proto::Role::kInput, false}));
  EXPECT_EQ(
      meta.schema.fields[1],
      (proto::Field{
          "y", proto::WireType::kU8, proto::LogicalType::kI64, {64}, proto::Role::kTarget, true}));
  EXPECT_EQ(meta.size(Split::kTrain), proto::kEndless);
  EXPECT_GT(meta.size(Split::kVal), 0U);
}

TEST(CharRandomReplacement, ReplacesByItsWeights) {
  const Samples samples = samples_of(options_of(.8, .2, 0), 3000);
  const double selected = selected_in(samples);
  expect_rate(selected, 3000 * kLength, 0.15, "selected");
  const double masks = count_where(samples, [](auto x, auto) { return x == kTokens; });
  expect_rate(masks, selected, 0.2, "masked");
  const double unchanged =
      count_where(samples, [](auto x, auto original) { return x == original; });
  expect_rate(unchanged, selected, 0.8 / kTokens, "drawn as they were");
}

// The original is drawn with probability m / (V − 1 + m), every other of V tokens with
// 1 / (V − 1 + m).
TEST(CharRandomReplacement, MultipliesTheOriginalsWeight) {
  for (const double multiplier : {0.0, 0.5, 1.0, 7.0}) {
    const Samples samples = samples_of(options_of(1, 0, 0, multiplier), 3000);
    const double selected = selected_in(samples);
    const double unchanged =
        count_where(samples, [](auto x, auto original) { return x == original; });
    expect_rate(unchanged, selected, multiplier / (kTokens - 1 + multiplier),
                "multiplier " + std::to_string(multiplier));
    std::vector<std::uint64_t> by_distance(kTokens);  // from the original: uniform but for 0
    for (std::size_t i = 0; i < samples.x.size(); ++i) {
      if (samples.selected[i]) {
        ++by_distance.at((samples.x[i] + kTokens - samples.original[i]) % kTokens);
      }
    }
    expect_uniform(std::span(by_distance).subspan(1), "others");
  }
}

TEST(Replacement, ReachesEveryTokenAndNoOther) {
  for (const std::uint32_t tokens : {1U, 2U, 3U, 65U, 50'257U}) {
    for (const double multiplier : {0.0, 1.0, 1e6}) {
      config::ProviderOptions options;
      options.original_token_probability_multiplier = multiplier;
      const Replacement replacement(options, tokens);
      for (const std::uint32_t original : {0U, tokens / 2, tokens - 1}) {
        for (const std::uint32_t word : {0U, 0x7fffffffU, 0xfffffffeU, 0xffffffffU}) {
          ASSERT_LT(replacement.random_token(word, original), tokens);
        }
        if (tokens == 1 || multiplier > 0) {
          EXPECT_EQ(replacement.random_token(0, original), original);
        } else {
          EXPECT_NE(replacement.random_token(0, original), original);
        }
        const std::uint32_t last = original == tokens - 1 && tokens > 1 ? tokens - 2 : tokens - 1;
        EXPECT_EQ(replacement.random_token(0xffffffff, original), last);
      }
    }
  }
}

/// A text in which every pair of neighbours occurs once, so that characters tell their position.
std::string text_of_places() {
  std::string text;
  for (std::uint32_t i = 0; i < 4000; ++i) {
    text += datasets::encode_utf8(static_cast<char32_t>(0x4E00 + i));
  }
  return text;
}

// Fragments are the tokens at the same offsets of one other train window, so all of them have the
// same distance from the originals.
TEST(CharRandomReplacement, CopiesFragmentsFromOneOtherWindow) {
  const TextFile file(text_of_places());
  config::Options options = options_of(0, 0, 1);
  options.data.path = file.path();
  options.data.align = "any";
  const auto provider = make_char_random_replacement(options);
  const Batch batch = fill_batch(*provider, {Split::kTrain, 0, 500, {}});
  const auto x = batch.values<std::uint16_t>(0);
  const auto y = batch.values<std::uint16_t>(1);
  std::vector<std::uint64_t> from(8);
  for (std::size_t row = 0; row < 500; ++row) {
    int distance = 0;
    for (std::size_t j = 0; j < kLength; ++j) {
      const std::size_t i = row * kLength + j;
      if (y[i] == 0xffff) continue;
      ASSERT_LT(x[i], 3600) << "not of train";
      const int here = int{x[i]} - int{y[i]};
      ASSERT_NE(here, 0);
      ASSERT_TRUE(distance == 0 || here == distance);
      if (distance == 0) ++from.at((x[i] - j) * 8 / (3600 - kLength + 1));
      distance = here;
    }
  }
  expect_uniform(from, "where fragments come from");
}

TEST(CharRandomReplacement, MasksFragmentsWhereHalfIsSelected) {
  config::Options options = options_of(0, 0, 1);
  options.provider.block_size = 10;
  options.provider.mask_probability = 0.5;
  options.provider.partial_targets = true;
  const Batch batch =
      fill_batch(*make_char_random_replacement(options), {Split::kTrain, 0, 300, {}});
  const auto x = batch.values<std::uint8_t>(0);
  const auto y = batch.values<std::uint8_t>(1);
  std::uint32_t of_exactly_half = 0;
  for (std::size_t row = 0; row < 300; ++row) {
    std::uint32_t selected = 0;
    std::uint32_t masks = 0;
    for (std::size_t i = row * 10; i < (row + 1) * 10; ++i) {
      selected += y[i] != kIgnored ? 1 : 0;
      masks += x[i] == kTokens ? 1 : 0;
    }
    ASSERT_EQ(masks, selected >= 5 ? selected : 0);
    of_exactly_half += selected == 5 ? 1 : 0;
  }
  EXPECT_GT(of_exactly_half, 20U);
}

TEST(CharRandomReplacement, MasksFragmentsOfATextThatIsOneWindow) {
  const TextFile file("abcdefghij");
  config::Options options = options_of(0, 0, 1);
  options.data.path = file.path();
  options.data.val_fraction = 0;
  options.provider.block_size = 10;
  options.provider.mask_probability = 0.2;
  const Batch batch =
      fill_batch(*make_char_random_replacement(options), {Split::kTrain, 0, 50, {}});
  const auto x = batch.values<std::uint8_t>(0);
  const auto y = batch.values<std::uint8_t>(1);
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(x[i] == 10, y[i] != kIgnored);
}

TEST(CharRandomReplacement, ValHasRandomTokensAndPartialTargetsAlone) {
  config::Options options = options_of(.1, .5, .4);
  options.provider.partial_targets = false;
  const auto provider = make_char_random_replacement(options);
  const Batch val = fill_batch(*provider, {Split::kVal, 0, 150, {}});
  const auto x = val.values<std::uint8_t>(0);
  const auto y = val.values<std::uint8_t>(1);
  std::uint64_t selected = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_LT(x[i], kTokens);
    selected += y[i] != kIgnored ? 1 : 0;
  }
  expect_rate(static_cast<double>(selected), static_cast<double>(x.size()), 0.15);
  const Batch train = fill_batch(*provider, {Split::kTrain, 0, 50, {}});
  for (const std::uint8_t token : train.values<std::uint8_t>(1)) ASSERT_LT(token, kTokens);
  EXPECT_GT(std::ranges::count(train.values<std::uint8_t>(0), kTokens), 0);
}

TEST(CharRandomReplacement, TargetsChangeYAlone) {
  config::Options options = options_of(.5, .2, .3);
  const Batch partial =
      fill_batch(*make_char_random_replacement(options), {Split::kTrain, 0, 50, {}});
  options.provider.partial_targets = false;
  const Batch full = fill_batch(*make_char_random_replacement(options), {Split::kTrain, 0, 50, {}});
  EXPECT_TRUE(std::ranges::equal(partial.columns[0].bytes, full.columns[0].bytes));
  const auto y = partial.values<std::uint8_t>(1);
  const auto all = full.values<std::uint8_t>(1);
  for (std::size_t i = 0; i < y.size(); ++i) ASSERT_TRUE(y[i] == kIgnored || y[i] == all[i]);
}

TEST(CharRandomReplacement, FingerprintFollowsTheWeights) {
  const auto fingerprint = [](const config::Options& options) {
    return make_char_random_replacement(options)->meta().fingerprint;
  };
  const std::string before = fingerprint(options_of(.8, .2, 0));
  EXPECT_NE(fingerprint(options_of(.8, .2, .1)), before);
  EXPECT_NE(fingerprint(options_of(.8, .3, 0)), before);
  EXPECT_NE(fingerprint(options_of(.8, .2, 0, 2)), before);
  config::Options staged = options_of(.8, .2, 0);
  staged.provider.validation_stages = {span_stage(3)};  // of char_diffusion
  EXPECT_EQ(fingerprint(staged), before);
}

TEST(CharRandomReplacement, HasNoStages) {
  config::Options options = options_of(.8, .2, 0);
  options.provider.schedule = "mix";
  options.provider.stages = {span_stage(3)};
  expect_error<config::UsageError>([&] { (void)make_char_random_replacement(options); },
                                   {"provider.schedule = \"mix\"", "char_diffusion", "\"none\""});
}

}  // namespace
}  // namespace millrace::providers
