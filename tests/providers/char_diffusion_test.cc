// The provider char_diffusion: the content of its samples, and that they are a pure function of the
// index.
#include "providers/char_diffusion.h"

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "config/errors.h"
#include "proto/digest.h"
#include "proto/files.h"
#include "providers/windows/open_datasets.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Batch;
using proto::Range;
using proto::Split;

constexpr std::uint8_t kIgnored = 255;

config::Options all_stages() {
  return mixed_options(
      {sticky_stage(.4, .15, .3), sticky_stage(.2, .3, 0), random_stage(.5), span_stage(5)});
}

std::string block_at(std::span<const std::uint8_t> values, std::size_t row,
                     std::size_t block_size) {
  return {reinterpret_cast<const char*>(values.data()) + row * block_size, block_size};
}

/// All blocks of a split that start at a line, as the bytes of x or y, by their start.
std::vector<std::string> blocks_of(const config::Options& options, Split split) {
  const datasets::Datasets opened = open_datasets(options.data);
  const datasets::TokenText& text = *opened.parts.front().text;
  std::vector<std::string> blocks;
  for (std::uint64_t line = 0; line < text.lines(split); ++line) {
    const std::uint64_t start = text.line_start(split, line);
    if (start + options.provider.block_size > text.length(split)) break;
    std::vector<std::uint8_t> block(options.provider.block_size);
    text.read(split, start, std::span(block));
    blocks.push_back(block_at(block, 0, options.provider.block_size));
  }
  return blocks;
}

/// The originals of samples [first, first + count), which full targets show.
std::vector<std::string> originals(config::Options options, const Range& range) {
  options.provider.partial_targets = false;
  const Batch batch = fill_batch(*make_char_diffusion(options), range);
  std::vector<std::string> rows;
  const auto y = batch.values<std::uint8_t>(1);
  for (std::uint32_t r = 0; r < range.count; ++r) {
    rows.push_back(block_at(y, r, options.provider.block_size));
  }
  return rows;
}

TEST(CharDiffusion, DescribesItsStream) {
  const auto provider = make_char_diffusion(all_stages());
  const proto::StreamMeta& meta = provider->meta();
  EXPECT_EQ(meta.provider, "char_diffusion");
  EXPECT_EQ(meta.vocab_size, 17U);
  EXPECT_EQ(meta.vocabulary.size(), 17U);
  EXPECT_EQ(meta.mask_token_id, 16U);
  EXPECT_EQ(meta.ignore_index, -100);
  EXPECT_EQ(meta.block_size, 64U);
  EXPECT_EQ(meta.dataset_name, "generated.txt");
  EXPECT_EQ(meta.data_seed, 1337U);
  expect_elements(meta.train_stages,
                  {"sticky(target_masked_ratio=0.4,p1_probability=0.15,p2_probability=0.3)",
                   "sticky(target_masked_ratio=0.2,p1_probability=0.3,p2_probability=0)",
                   "random(max_masked_ratio=0.5)", "span(spans_count=5)"});
  EXPECT_EQ(meta.val_stages, meta.train_stages);
  EXPECT_EQ(meta.size(Split::kTrain), proto::kEndless);
  EXPECT_EQ(meta.size(Split::kVal), 4 * blocks_of(all_stages(), Split::kVal).size());
  EXPECT_EQ(meta.size(Split::kTest), 0U);
  EXPECT_EQ(meta.fingerprint, proto::fingerprint_of(meta));
}

TEST(CharDiffusion, HasTheFieldsXYAndStage) {
  const auto provider = make_char_diffusion(small_options());
  const auto& fields = provider->meta().schema.fields;
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(
      fields[0],
      (proto::Field{
          "x", proto::WireType::kU8, proto::LogicalType::kI64, {64}, proto::Role::kInput, false}));
  EXPECT_EQ(
      fields[1],
      (proto::Field{
          "y", proto::WireType::kU8, proto::LogicalType::kI64, {64}, proto::Role::kTarget, true}));
  EXPECT_EQ(fields[2], (proto::Field{"stage",
                                     proto::WireType::kU8,
                                     proto::LogicalType::kI64,
                                     {},
                                     proto::Role::kStage,
                                     false}));
}

TEST(CharDiffusion, IsNamedByItsDefaultMaskingWithoutStages) {
  const auto provider = make_char_diffusion(small_options());
  expect_elements(provider->meta().train_stages, {"default(mask_probability=0.15)"});
  expect_elements(provider->meta().val_stages, {"default(mask_probability=0.15)"});
}

TEST(CharDiffusion, WidensItsFieldsWithTheVocabulary) {
  const std::string text = distinct_characters(255);
  const auto wires = [&](const std::string& extra) {
    const TextFile file(text + extra);
    config::Options options;
    options.data = {.path = file.path(), .val_fraction = 0};
    options.provider.block_size = 200;
    options.provider.mask_probability = 0.5;
    const auto provider = make_char_diffusion(options);
    const Batch batch = fill_batch(*provider, {Split::kTrain, 0, 3, {}});
    EXPECT_TRUE(proto::fits(provider->meta().schema, batch));
    return std::pair(provider->meta().schema.fields[0].wire,
                     provider->meta().schema.fields[1].wire);
  };
  // 256 ids, and a sentinel.
  EXPECT_EQ(wires(""), std::pair(proto::WireType::kU8, proto::WireType::kU16));
  EXPECT_EQ(wires("z"), std::pair(proto::WireType::kU16, proto::WireType::kU16));
}

TEST(CharDiffusion, SamplesHoldTheOriginalTheCorruptedAndTheTarget) {
  const auto provider = make_char_diffusion(all_stages());
  const std::uint8_t mask = 16;
  constexpr std::uint32_t kCount = 400;
  const Batch batch = fill_batch(*provider, {Split::kTrain, 0, kCount, {}});
  const std::vector<std::string> original = originals(all_stages(), {Split::kTrain, 0, kCount, {}});
  const auto x = batch.values<std::uint8_t>(0);
  const auto y = batch.values<std::uint8_t>(1);
  const auto stage = batch.values<std::uint8_t>(2);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto token = static_cast<std::uint8_t>(original[i / 64][i % 64]);
    ASSERT_LE(x[i], mask);
    const bool target = y[i] != kIgnored;
    ASSERT_EQ(target ? y[i] : x[i], token);
    const bool of_span = stage[i / 64] == 3;
    ASSERT_TRUE(!target || !of_span || x[i] == mask);  // spans are all [MASK]
  }
}

TEST(CharDiffusion, FullTargetsChangeYAlone) {
  config::Options full = all_stages();
  full.provider.partial_targets = false;
  const Batch partial = fill_batch(*make_char_diffusion(all_stages()), {Split::kTrain, 0, 50, {}});
  const Batch full_batch = fill_batch(*make_char_diffusion(full), {Split::kTrain, 0, 50, {}});
  EXPECT_TRUE(std::ranges::equal(partial.columns[0].bytes, full_batch.columns[0].bytes));
  EXPECT_FALSE(std::ranges::equal(partial.columns[1].bytes, full_batch.columns[1].bytes));
  for (const std::uint8_t token : full_batch.values<std::uint8_t>(1)) ASSERT_LT(token, 16);
}

TEST(CharDiffusion, MasksAtTheRateOfTheRecipe) {
  constexpr std::uint32_t kCount = 2000;
  const Batch batch =
      fill_batch(*make_char_diffusion(small_options()), {Split::kTrain, 0, kCount, {}});
  const auto x = batch.values<std::uint8_t>(0);
  const auto y = batch.values<std::uint8_t>(1);
  const auto targets =
      static_cast<double>(std::ranges::count_if(y, [](std::uint8_t t) { return t != kIgnored; }));
  expect_rate(targets, kCount * 64, 0.15);
  expect_rate(static_cast<double>(std::ranges::count(x, 16)), targets, 0.8);
}

// Any sample at any index, in any range, from several threads at once.
TEST(CharDiffusion, GivesTheSameSampleInEveryRangeAndThread) {
  const auto provider = make_char_diffusion(all_stages());
  const proto::Schema& schema = provider->meta().schema;
  constexpr std::uint64_t kFirst = (1ULL << 33) + 5;
  constexpr std::uint32_t kCount = 96;
  for (const Split split : {Split::kTrain, Split::kVal}) {
    const std::uint64_t first = split == Split::kTrain ? kFirst : 7;
    const Batch together = fill_batch(*provider, {split, first, kCount, {}});
    std::vector<std::uint64_t> expected;
    for (std::uint32_t r = 0; r < kCount; ++r) {
      expected.push_back(proto::sample_digest(schema, together, r));
    }

    const auto check = [&](std::uint32_t step, bool backwards) {
      for (std::uint32_t i = 0; i < kCount; i += step) {
        const std::uint32_t at = backwards ? kCount - i - step : i;
        const Batch part = fill_batch(*provider, {split, first + at, step, {}});
        for (std::uint32_t r = 0; r < step; ++r) {
          ASSERT_EQ(proto::sample_digest(schema, part, r), expected[at + r]);
        }
      }
    };
    std::vector<std::jthread> threads;
    for (const std::uint32_t step : {1U, 2U, 3U, 8U, 96U}) {
      threads.emplace_back(check, step, false);
      threads.emplace_back(check, step, true);
    }
  }
}

TEST(CharDiffusion, TrainStartsAtLinesUniformly) {
  const config::Options options = small_options();
  std::map<std::string, std::uint64_t> seen;
  for (const std::string& block : blocks_of(options, Split::kTrain)) seen[block] = 0;
  const std::size_t starts = seen.size();
  constexpr std::uint32_t kCount = 30'000;
  for (const std::string& block : originals(options, {Split::kTrain, 0, kCount, {}})) ++seen[block];
  EXPECT_EQ(seen.size(), starts);  // no block that does not start at a line
  std::vector<std::uint64_t> counts;
  for (const auto& [block, count] : seen) counts.push_back(count);
  expect_uniform(counts);
}

TEST(CharDiffusion, ValPassesTakeEveryStartOnceInOrdersOfTheirOwn) {
  const config::Options options =
      mixed_options({random_stage(.5), span_stage(2), random_stage(.2)});
  std::vector<std::string> expected = blocks_of(options, Split::kVal);
  const auto starts = static_cast<std::uint32_t>(expected.size());
  ASSERT_EQ(make_char_diffusion(options)->meta().size(Split::kVal), 3ULL * starts);
  std::sort(expected.begin(), expected.end());
  std::set<std::vector<std::string>> orders;
  for (std::uint64_t pass = 0; pass < 3; ++pass) {
    std::vector<std::string> order = originals(options, {Split::kVal, pass * starts, starts, {}});
    orders.insert(order);
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, expected);
  }
  EXPECT_EQ(orders.size(), 3U);
}

TEST(CharDiffusion, ValMixesItsStagesWhateverTrainDoes) {
  config::Options options = small_options();
  options.provider.validation_stages = {random_stage(.5), span_stage(2), random_stage(.2)};
  for (const char* schedule : {"none", "mix", "steps", "plateau"}) {
    options.provider.schedule = schedule;
    options.provider.stages = {random_stage(.3)};
    const Batch batch = fill_batch(*make_char_diffusion(options), {Split::kVal, 0, 300, {}});
    std::vector<std::uint64_t> seen(3);
    for (const std::uint8_t stage : batch.values<std::uint8_t>(2)) ++seen.at(stage);
    expect_all(seen, 100U, schedule);
  }
}

TEST(CharDiffusion, TakesTrainStagesFromTheTrainerWhereTheScheduleSaysSo) {
  config::Options options = all_stages();
  EXPECT_FALSE(make_char_diffusion(options)->trainer_names_stages());
  options.provider.schedule = "plateau";
  const auto provider = make_char_diffusion(options);
  EXPECT_TRUE(provider->trainer_names_stages());
  const Batch batch = fill_batch(*provider, {Split::kTrain, 0, 10, std::uint8_t{3}});
  expect_all(batch.values<std::uint8_t>(2), 3);
  expect_error<std::logic_error>(
      [&] {
        (void)fill_batch(*provider, {Split::kTrain, 0, 10, {}});
      },
      {"the trainer names the stage"});
}

TEST(CharDiffusion, ARecipeOfOneStageMixesItAlone) {
  const Batch batch =
      fill_batch(*make_char_diffusion(mixed_options({span_stage(1)})), {Split::kTrain, 0, 10, {}});
  expect_all(batch.values<std::uint8_t>(2), 0);
}

TEST(CharDiffusion, SaysHowManySamplesASplitHas) {
  const auto provider = make_char_diffusion(small_options());
  const std::uint64_t size = provider->meta().size(Split::kVal);
  EXPECT_NO_THROW((void)fill_batch(*provider, {Split::kVal, size - 1, 1, {}}));
  expect_error<std::out_of_range>(
      [&] {
        (void)fill_batch(*provider, {Split::kVal, size - 1, 2, {}});
      },
      {"the val split has " + std::to_string(size) + " samples"});
  expect_error<std::out_of_range>(
      [&] {
        (void)fill_batch(*provider, {Split::kTest, 0, 1, {}});
      },
      {"no test split"});
}

TEST(CharDiffusion, RefusesRecipesThatCannotBe) {
  const auto message = [](config::Options options) {
    return message_of<config::UsageError>([&] { (void)make_char_diffusion(options); });
  };
  expect_contains(message(small_options(0)), {"provider.block_size = 0"});
}

TEST(CharDiffusion, FingerprintChangesWithWhatChangesAByte) {
  const std::string before = make_char_diffusion(all_stages())->meta().fingerprint;
  const auto after = [](auto change) {
    config::Options options = all_stages();
    change(options);
    return make_char_diffusion(options)->meta().fingerprint;
  };
  EXPECT_NE(after([](auto& o) { o.data.data_seed = 1; }), before);
  EXPECT_NE(after([](auto& o) { o.data.val_fraction = 0.2; }), before);
  EXPECT_NE(after([](auto& o) { o.provider.block_size = 63; }), before);
  EXPECT_NE(after([](auto& o) { o.provider.partial_targets = false; }), before);
  EXPECT_NE(after([](auto& o) { o.provider.stages[0].p2_probability = 0.31; }), before);
  EXPECT_NE(after([](auto& o) { std::swap(o.provider.stages[0], o.provider.stages[1]); }), before);
  EXPECT_NE(after([](auto& o) { o.provider.validation_stages.pop_back(); }), before);
  EXPECT_NE(after([](auto& o) { o.provider.schedule = "none"; }), before);
  const TextFile other(proto::read_file(*all_stages().data.path) + "\n");
  EXPECT_NE(after([&](auto& o) { o.data.path = other.path(); }), before);
}

TEST(CharDiffusion, FingerprintDoesNotChangeWithAnythingElse) {
  const std::string before = make_char_diffusion(all_stages())->meta().fingerprint;
  const TextFile copy(proto::read_file(*all_stages().data.path), "other-name.txt");
  config::Options options = all_stages();
  options.data.path = copy.path();
  options.provider.mask_probability = 0.5;  // unused: train and val have stages
  options.provider.stages[0].val_loss_stale_count = 9;
  options.producer.threads = 7;
  options.queue.uri = "tcp://127.0.0.1:5555";
  options.model.n_layer = 2;
  options.train.batch_size = 3;
  options.train.seed = 4;
  const auto provider = make_char_diffusion(options);
  EXPECT_EQ(provider->meta().fingerprint, before);
  EXPECT_EQ(probe(*provider), probe(*make_char_diffusion(all_stages())));
}

TEST(CharDiffusion, ReadsTinyShakespeareInOneByteATokenEach) {
  if (!std::filesystem::exists(MILLRACE_TINY_SHAKESPEARE)) {
    GTEST_SKIP() << "no " << MILLRACE_TINY_SHAKESPEARE;
  }
  config::Options options;
  options.data.path = MILLRACE_TINY_SHAKESPEARE;
  const auto provider = make_char_diffusion(options);
  EXPECT_EQ(provider->meta().vocab_size, 66U);
  EXPECT_EQ(provider->meta().mask_token_id, 65U);
  EXPECT_EQ(provider->meta().schema.bytes_per_sample(), 2 * 1024 + 1U);
}

}  // namespace
}  // namespace millrace::providers
