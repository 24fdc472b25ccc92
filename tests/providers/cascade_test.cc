// The provider cascade over small shards: every sample against a plain implementation of the rules,
// and everything that it refuses.
#include "providers/cascade.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "annotation/shard_folder.h"
#include "annotation/shard_writer.h"
#include "config/errors.h"
#include "proto/digest.h"
#include "providers/diffusion/diffusion_times.h"
#include "providers/diffusion/noise.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using annotation::Selection;
using proto::Range;
using proto::Split;

constexpr std::uint32_t kVocabulary = 40;
constexpr std::uint32_t kLength = 12;

/// A test chunk, and the stages that the rules select from it, by sorting and searching.
struct Chunk {
  std::vector<std::uint32_t> tokens;
  std::vector<float> labels;

  [[nodiscard]] std::vector<std::uint32_t> stage(std::size_t length) const {
    std::vector<std::pair<float, std::size_t>> order;
    for (std::size_t i = 0; i < tokens.size(); ++i) order.emplace_back(labels[i], i);
    std::sort(order.begin(), order.end());
    std::set<std::uint32_t> seen;
    std::vector<std::size_t> taken;
    for (const auto& [label, i] : order) {
      if (taken.size() < length && seen.insert(tokens[i]).second) taken.push_back(i);
    }
    std::sort(taken.begin(), taken.end());
    std::vector<std::uint32_t> result;
    for (const std::size_t i : taken) result.push_back(tokens[i]);
    return result;
  }
};

class Cascade : public testing::Test {
 protected:
  Cascade() {
    std::mt19937 random(3);
    for (int c = 0; c < 300; ++c) {
      Chunk chunk;
      for (std::uint32_t i = 0; i < kLength; ++i) {
        chunk.tokens.push_back(
            static_cast<std::uint32_t>(random() % (c % 10 == 0 ? 5 : kVocabulary)));
        chunk.labels.push_back(static_cast<float>(1 + random() % 7));
      }
      chunks_.push_back(chunk);
    }
    options_.data.shards = folder_.string();
    options_.provider.name = "cascade";
    options_.provider.stage1_length = 3;
    options_.provider.stage2_length = 6;
    options_.provider.stage3_length = kLength;
    write(0, 2);
    write(1, 2);
  }

  static annotation::ShardHeader header(std::uint32_t shard, std::uint32_t shards) {
    annotation::ShardHeader header;
    header.scorer = "test";
    header.tokenizer_hash = "0123456789abcdef";
    header.vocab_size = kVocabulary;
    header.dataset_name = "page";
    header.dataset_hash = "fedcba9876543210";
    header.chunk_length = kLength;
    header.shards = shards;
    header.shard = shard;
    header.stage1_length = 3;
    header.stage2_length = 6;
    return header;
  }

  void write(std::uint32_t shard, std::uint32_t shards) const {
    annotation::ShardWriter writer(folder_, header(shard, shards));
    annotation::Picker picker(Selection::kConstituency, kVocabulary);
    std::vector<std::uint16_t> order(kLength);
    for (std::size_t c = shard * chunks_.size() / shards; c < (shard + 1) * chunks_.size() / shards;
         ++c) {
      const annotation::Capacity capacity =
          picker.pick(chunks_[c].tokens, chunks_[c].labels, order);
      writer.add(chunks_[c].tokens, order, chunks_[c].labels, capacity);
    }
    writer.finish(1, 0);
  }

  /// The chunks that fill stage 2, in order.
  [[nodiscard]] std::vector<Chunk> filling() const {
    std::vector<Chunk> found;
    for (const Chunk& chunk : chunks_) {
      if (chunk.stage(options_.provider.stage2_length).size() == options_.provider.stage2_length) {
        found.push_back(chunk);
      }
    }
    return found;
  }
  [[nodiscard]] std::unique_ptr<DataProvider> stage(std::uint32_t number) {
    options_.provider.cascade_stage = number;
    return make_cascade(options_);
  }

  TextFile beside_{""};
  std::filesystem::path folder_ = std::filesystem::path(beside_.path()).parent_path();
  config::Options options_;
  std::vector<Chunk> chunks_;
};

std::vector<std::uint32_t> wide(std::span<const std::uint8_t> values) {
  return {values.begin(), values.end()};
}

TEST_F(Cascade, EveryStageOfEveryChunk) {
  options_.data.order = "sequential";
  const std::vector<Chunk> chunks = filling();
  ASSERT_LT(chunks.size(), 280u);
  const std::uint64_t train = chunks.size() - chunks.size() / 10;
  for (std::uint32_t number = 1; number <= 3; ++number) {
    const auto provider = stage(number);
    const std::size_t x = number == 1 ? 0 : 1;
    for (std::uint64_t i = 0; i < train; ++i) {
      const proto::Batch batch = fill_batch(*provider, Range{Split::kTrain, i, 1, {}});
      const Chunk& chunk = chunks[i];
      const auto target = number == 3 ? chunk.tokens : chunk.stage(number * 3);
      ASSERT_EQ(wide(batch.values<std::uint8_t>(x + 1)), target);
      if (number > 1) {
        ASSERT_EQ(wide(batch.values<std::uint8_t>(0)), chunk.stage((number - 1) * 3));
      }
      const float t = batch.values<float>(x + 2)[0];
      EXPECT_EQ(t, DiffusionTimes(1337, 1).time(Split::kTrain, i, 1e-3));
      std::vector<std::uint32_t> noised = target;
      for (std::size_t j = 0; j < noised.size(); ++j) {
        const bool moves = PhiloxStream(1337, Split::kTrain, 0, i).word(Purpose::kSelect, j) <
                           Noise(options_.provider).move_threshold(t);
        if (moves) noised[j] = kVocabulary;
      }
      ASSERT_EQ(wide(batch.values<std::uint8_t>(x)), noised);
    }
  }
}

TEST_F(Cascade, TheMetaSaysWhatASampleIs) {
  annotation::save_vocabulary(folder_, std::vector<std::string>(kVocabulary, "w"));
  const proto::StreamMeta first = stage(1)->meta();
  EXPECT_EQ(first.schema.find(proto::Role::kPrefix), -1);
  EXPECT_EQ(first.block_size, 3u);
  EXPECT_EQ(first.vocab_size, kVocabulary + 1);
  EXPECT_EQ(first.mask_token_id, kVocabulary);
  EXPECT_EQ(first.vocabulary.size(), kVocabulary + 1);
  EXPECT_EQ(first.vocabulary.back(), "[MASK]");
  EXPECT_TRUE(first.byte_level);
  EXPECT_EQ(first.settings.at("cascade_stage"), "1");
  EXPECT_FALSE(first.settings.contains("block_size"));
  const proto::StreamMeta third = stage(3)->meta();
  EXPECT_EQ(third.schema.fields[0].shape, std::vector<std::uint32_t>{6});
  EXPECT_EQ(third.schema.fields[1].shape, std::vector<std::uint32_t>{12});
  EXPECT_NE(first.fingerprint, third.fingerprint);
  EXPECT_EQ(first.size(Split::kVal), filling().size() / 10);
  EXPECT_EQ(first.epoch_samples,
            filling().size() - filling().size() / 10 - first.size(Split::kTest));
}

TEST_F(Cascade, NoiseIsOnTheTargetAsOftenAsTheScheduleSays) {
  options_.provider.sampling_eps = 1e-6;
  const auto provider = stage(2);
  double masked = 0;
  double expected = 0;
  constexpr std::uint32_t kSamples = 20'000;
  const proto::Batch batch = fill_batch(*provider, Range{Split::kTrain, 0, kSamples, {}});
  for (const std::uint8_t token : batch.values<std::uint8_t>(0)) EXPECT_LT(token, kVocabulary);
  for (const std::uint8_t token : batch.values<std::uint8_t>(1)) {
    masked += token == kVocabulary ? 1 : 0;
  }
  for (const float t : batch.values<float>(3)) {
    expected += 6 * (1 - 1e-3) * static_cast<double>(t);
  }
  EXPECT_NEAR(masked, expected, kSigmas * std::sqrt(kSamples * 6 / 4.0));
}

TEST_F(Cascade, ValHoldsEachChunkOnce) {
  const auto provider = stage(3);
  const std::vector<Chunk> chunks = filling();
  const std::uint64_t val = provider->meta().size(Split::kVal);
  const proto::Batch batch =
      fill_batch(*provider, Range{Split::kVal, 0, static_cast<std::uint32_t>(val), {}});
  std::multiset<std::vector<std::uint32_t>> found;
  std::multiset<std::vector<std::uint32_t>> expected;
  for (std::uint64_t i = 0; i < val; ++i) {
    found.insert(wide(batch.values<std::uint8_t>(2).subspan(i * kLength, kLength)));
    expected.insert(chunks[chunks.size() - val + i].tokens);
  }
  EXPECT_EQ(found, expected);
}

TEST_F(Cascade, OtherLengthsNeedNoOtherShards) {
  options_.provider.stage1_length = 2;
  options_.provider.stage2_length = 9;
  options_.data.order = "sequential";
  const std::vector<Chunk> chunks = filling();
  const auto provider = stage(2);
  const proto::Batch batch = fill_batch(*provider, Range{Split::kTrain, 5, 1, {}});
  EXPECT_EQ(wide(batch.values<std::uint8_t>(0)), chunks[5].stage(2));
  EXPECT_EQ(wide(batch.values<std::uint8_t>(2)), chunks[5].stage(9));
}

TEST_F(Cascade, RefusesShardsThatTheRecipeDoesNotMean) {
  options_.annotate.selection = "keybert_no_stopword";
  expect_error<config::UsageError>(
      [&] { (void)stage(1); },
      {"annotate.selection is keybert_no_stopword", "made with constituency"});
  options_.annotate.selection = "constituency";
  options_.provider.stage3_length = 64;
  expect_error<config::UsageError>([&] { (void)stage(1); },
                                   {"provider.stage3_length is 64", "made with 12"});
  options_.provider.stage3_length = kLength;
  options_.data.path = "poems.txt";
  expect_error<config::UsageError>([&] { (void)stage(1); },
                                   {"data.path is poems.txt", "made with page"});
  options_.data.path = "elsewhere/page";
  (void)stage(1);
  const TextFile merges("#version: 0.2\na b\n", "vocab.bpe");
  options_.data.tokenizer = merges.path();
  expect_error<config::UsageError>([&] { (void)stage(1); },
                                   {merges.path(), "0123456789abcdef", "another --data.shards"});
}

TEST_F(Cascade, RefusesShardsThatAreNotWhole) {
  const auto second = folder_ / annotation::shard_name(1, 2);
  const auto size = std::filesystem::file_size(second);
  std::filesystem::resize_file(second, size - 1);
  expect_error<std::runtime_error>([&] { (void)stage(1); },
                                   {"shard-00001-of-00002.scored", std::to_string(size)});
  std::filesystem::remove(second);
  expect_error<std::runtime_error>([&] { (void)stage(1); },
                                   {"1 of 2 shards are missing (1)", "annotate"});
  options_.data.shards = (folder_ / "nowhere").string();
  expect_error<std::runtime_error>([&] { (void)stage(1); }, {"nowhere", "annotate"});
}

TEST_F(Cascade, RefusesLengthsThatNoChunkFills) {
  for (Chunk& chunk : chunks_) chunk.tokens.assign(kLength, 7);
  write(0, 2);
  write(1, 2);
  expect_error<std::runtime_error>([&] { (void)stage(1); },
                                   {"300 of 300 chunks cannot fill stages of 3 and 6 tokens"});
}

// Computed once: other digests are another stream and need another format version.
TEST_F(Cascade, Golden) {
  std::vector<std::string> digests;
  for (std::uint32_t number = 1; number <= 3; ++number) {
    const auto provider = stage(number);
    for (const Range& range :
         {Range{Split::kTrain, 0, 1, {}}, Range{Split::kTrain, (std::uint64_t{1} << 33) + 5, 1, {}},
          Range{Split::kVal, 3, 1, {}}}) {
      digests.push_back(proto::hex16(
          proto::sample_digest(provider->meta().schema, fill_batch(*provider, range), 0)));
    }
  }
  EXPECT_EQ(digests,
            (std::vector<std::string>{"7b1ebb6d87def38c", "64af2e996bebf893", "c91619b367d45388",
                                      "5a6c30914e0a0705", "3b34a477629a2295", "fe70fac7a7f0bded",
                                      "316a77e2864e62ac", "4eae6f5617670d45", "60e97f801da19733"}));
}

TEST_F(Cascade, NoSampleIsMadeOfAShardThatWasWrittenInPlace) {
  const auto provider = stage(3);
  const Range range{Split::kTrain, 0, 64, {}};
  (void)fill_batch(*provider, range);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // times of files tick rarely
  std::fstream shard(folder_ / annotation::shard_name(0, 2),
                     std::ios::in | std::ios::out | std::ios::binary);
  shard.seekp(-1, std::ios::end);
  shard << 'x';
  shard.close();
  EXPECT_THROW((void)fill_batch(*provider, range), StreamChanged);
}

}  // namespace
}  // namespace millrace::providers
