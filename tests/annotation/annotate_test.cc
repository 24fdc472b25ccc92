// Shards made from documents: their content; what is skipped, continued and refused.
#include "annotation/annotate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "annotation/passages.h"
#include "annotation/shard_folder.h"
#include "config/app/stop.h"
#include "config/errors.h"
#include "datasets/bpe/bpe_files.h"
#include "proto/files.h"
#include "tests/support/temporary_folder.h"

namespace millrace::annotation {
namespace {

namespace fs = std::filesystem;

/// Lines of a small language, each a document.
std::string lines(int count) {
  const char* const who[] = {"The old miller", "Anna", "A young sailor", "My brother Peter",
                             "The king's daughter"};
  const char* const what[] = {"opens", "quickly mends", "wants to sell", "has found", "paints"};
  const char* const which[] = {"the heavy gate", "a small boat", "twelve bags of flour",
                               "the wooden wheel", "a letter from Bremen"};
  const char* const where[] = {"near the mill.", "before winter comes!", "in the narrow valley;",
                               "on Monday.", "and never talks about it."};
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += std::string(who[i % 5]) + " " + what[i / 5 % 5] + " " + which[i / 25 % 5] + " " +
            where[(i / 125 + i) % 5] + "\n";
  }
  return text;
}

class Annotate : public ::testing::Test {
 protected:
  Annotate() {
    write("lines.txt", lines(1000));
    options_.data.path = (folder_ / "lines.txt").string();
    options_.data.format = "lines";
    options_.data.shards = (folder_ / "shards").string();
    options_.annotate.vocab_size = 400;
    options_.provider.stage1_length = 4;
    options_.provider.stage2_length = 8;
    options_.provider.stage3_length = 16;
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  template <class Error>
  void expect_error(const std::string& part, Part which = {}) const {
    try {
      (void)annotate(options_, which);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
  [[nodiscard]] std::string bytes(std::uint32_t shard, std::uint32_t shards) const {
    return proto::read_file(fs::path(options_.data.shards) / shard_name(shard, shards));
  }

  testing::TemporaryFolder folder_;
  config::Options options_;
};

TEST_F(Annotate, ChunksAreTheDocumentsEndToEnd) {
  const Annotated done = annotate(options_, {});
  EXPECT_EQ(done.passages, 1000u);
  EXPECT_FALSE(done.was_there);
  EXPECT_GT(done.filling_chunks, done.chunks / 2);
  const auto bpe = datasets::load_bpe(fs::path(options_.data.shards) / kOwnTokenizer);
  EXPECT_EQ(bpe->vocab_size(), 400u);
  const ScoredShard shard(fs::path(options_.data.shards) / shard_name(0, 1));
  std::string text;
  std::vector<std::uint32_t> tokens(16);
  for (std::uint64_t chunk = 0; chunk < done.chunks; ++chunk) {
    shard.read_tokens(chunk, tokens);
    text += bpe->decode(tokens);
  }
  std::string expected = lines(1000);
  for (std::size_t at; (at = expected.find('\n')) != std::string::npos;) {
    expected.replace(at, 1, "<|endoftext|>");
  }
  EXPECT_TRUE(expected.starts_with(text));
  EXPECT_EQ(shard.header().remainder_tokens,
            bpe->encode(expected.substr(text.size()), datasets::Specials::kRecognised).size());
  EXPECT_EQ(ShardFolder(options_.data.shards).vocabulary(), bpe->vocabulary());
}

TEST_F(Annotate, LabelsAreTheTaggers) {
  write("lines.txt", "Anna Keller quickly mends the wooden wheel.\n");
  options_.provider.stage3_length = 5;
  options_.provider.stage1_length = 1;
  options_.provider.stage2_length = 2;
  options_.annotate.vocab_size = 512;
  (void)annotate(options_, {});
  const auto bpe = datasets::load_bpe(fs::path(options_.data.shards) / kOwnTokenizer);
  const ScoredShard shard(fs::path(options_.data.shards) / shard_name(0, 1));
  // Words, and the label of their tokens.
  const std::vector<std::pair<std::string, float>> words = {
      {"Anna", 2}, {" Keller", 1}, {" quickly", 6}, {" mends", 4},
      {" the", 7}, {" wooden", 5}, {" wheel", 3},   {".", 7}};
  std::vector<float> expected;
  for (const auto& [word, label] : words) {
    for (const std::uint32_t id : bpe->encode(word)) {
      expected.push_back(bpe->bytes(id) == " " ? kRestLabel : label);
    }
  }
  std::vector<float> found;
  std::vector<float> scores(5);
  for (std::uint64_t chunk = 0; chunk < shard.header().chunks; ++chunk) {
    shard.read_scores(chunk, scores);
    found.insert(found.end(), scores.begin(), scores.end());
  }
  ASSERT_GE(found.size(), 20u);
  expected.resize(std::min(expected.size(), found.size()));
  found.resize(expected.size());
  EXPECT_EQ(found, expected);
}

TEST_F(Annotate, ShardsHoldContiguousDocuments) {
  const Annotated all = annotate(options_, {});
  options_.data.shards = (folder_ / "more").string();
  std::uint64_t passages = 0;
  std::uint64_t tokens = 0;
  for (std::uint32_t i = 3; i-- > 0;) {  // in any order
    const Annotated done = annotate(options_, {i, 3});
    passages += done.passages;
    tokens += done.tokens;
  }
  EXPECT_EQ(passages, 1000u);
  EXPECT_LE(tokens, all.tokens + 16);  // each shard drops a remainder
  EXPECT_GE(tokens + std::uint64_t{3} * 16, all.tokens);
  EXPECT_EQ(ShardFolder(options_.data.shards).chunks() * 16, tokens);
}

TEST_F(Annotate, AFinishedShardIsSkippedAndADamagedOneNamed) {
  (void)annotate(options_, {});
  const std::string before = bytes(0, 1);
  EXPECT_TRUE(annotate(options_, {}).was_there);
  EXPECT_EQ(bytes(0, 1), before);
  fs::resize_file(fs::path(options_.data.shards) / shard_name(0, 1), before.size() - 7);
  expect_error<std::runtime_error>("remove it and run annotate again");
}

TEST_F(Annotate, KeywordsOverAllShardsAlike) {
  options_.annotate.selection = "keybert_no_stopword";
  options_.provider.stage1_length = 1;
  (void)annotate(options_, {0, 2});
  (void)annotate(options_, {1, 2});
  const ShardFolder folder(options_.data.shards);
  EXPECT_EQ(folder.header().scorer, "builtin-tf-idf-1");
  const ShardFolder::Filling filling(folder, 1, 8);
  ASSERT_GT(filling.count(), 100u);
  std::vector<float> scores(16);
  std::set<float> seen;
  for (std::uint64_t i = 0; i < 100; ++i) {
    filling.place(i).shard->read_scores(filling.place(i).chunk, scores);
    for (const float score : scores) {
      EXPECT_TRUE(score == 1.1F || score == -1.2F || (score >= -1.1F && score <= 1)) << score;
      seen.insert(score);
    }
  }
  EXPECT_TRUE(seen.contains(1.1F));
  EXPECT_TRUE(seen.contains(-1.2F));
  EXPECT_TRUE(seen.contains(1.F));
}

TEST_F(Annotate, RefusesShardsOfSomethingElse) {
  (void)annotate(options_, {});
  options_.provider.stage3_length = 32;
  expect_error<std::runtime_error>("stage3_length is 16 here and 32 in the recipe");
  options_.provider.stage3_length = 16;
  write("lines.txt", lines(999));
  expect_error<std::runtime_error>("dataset is");
}

TEST_F(Annotate, RefusesWhatCannotBe) {
  expect_error<config::UsageError>("--num-shards=1001 is more than the 1000 passages", {0, 1001});
  options_.provider.stage3_length = 1 << 17;
  expect_error<config::UsageError>("provider.stage3_length = 131072");
  options_.provider.stage3_length = 16;
  options_.data.tokenizer = "nowhere.json";
  expect_error<std::runtime_error>("nowhere.json");
}

TEST_F(Annotate, SomePassagesAreSpreadOverAll) {
  const datasets::Documents documents = datasets::open_documents(options_.data);
  EXPECT_EQ(count_passages(documents), 1000u);
  std::vector<std::string_view> some;
  for_some_passages(documents, 10, [&](std::string_view passage) { some.push_back(passage); });
  ASSERT_EQ(some.size(), 10u);
  EXPECT_EQ(some[3], documents.document(300));
  std::uint64_t all = 0;
  for_some_passages(documents, 5000, [&](std::string_view) { ++all; });
  EXPECT_EQ(all, 1000u);
}

// The last test, as the request cannot be taken back in this process.
TEST_F(Annotate, ContinuesWhereItWasStopped) {
  (void)annotate(options_, {});
  const std::string expected = bytes(0, 1);
  fs::remove(fs::path(options_.data.shards) / shard_name(0, 1));
  config::request_stop();  // each run scores one batch, saves it and ends
  int runs = 0;
  for (bool stopped = true; stopped && runs < 100; ++runs) {
    try {
      (void)annotate(options_, {});
      stopped = false;
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find("the same command continues from there"),
                std::string::npos)
          << error.what();
    }
  }
  EXPECT_GT(runs, 10);
  EXPECT_EQ(bytes(0, 1), expected);
}

}  // namespace
}  // namespace millrace::annotation
