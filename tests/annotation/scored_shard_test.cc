// The shard format: a round trip, the page's worked example, every kind of damage, and shards that
// do not belong together.
#include "annotation/scored_shard.h"

#include <gtest/gtest.h>

#include <fstream>

#include "annotation/shard_folder.h"
#include "proto/files.h"
#include "tests/annotation/shards.h"
#include "tests/support/hex_block.h"
#include "tests/support/temporary_folder.h"

namespace millrace::annotation {
namespace {

namespace fs = std::filesystem;
using Positions = std::vector<std::uint16_t>;

class ScoredShards : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path path(std::uint32_t shard = 0, std::uint32_t shards = 1) const {
    return folder_.path() / shard_name(shard, shards);
  }
  void overwrite(std::size_t at, const std::string& bytes) const {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << bytes;
  }
  template <class Run>
  static std::string error_of(Run run) {
    try {
      run();
    } catch (const std::exception& error) {
      return error.what();
    }
    return "no error";
  }
  static void expect_part(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << "no '" << part << "' in: " << text;
  }
  [[nodiscard]] std::string opening_error() const {
    return error_of([&] { ScoredShard shard(path()); });
  }

  testing::TemporaryFolder folder_;
};

TEST_F(ScoredShards, RoundTrip) {
  write_shard(folder_.path(), small_header(), three_chunks());
  const ScoredShard shard(path());
  EXPECT_EQ(shard.header().chunks, 3u);
  EXPECT_EQ(shard.header().filling_chunks, 2u);
  std::vector<std::uint32_t> tokens(4);
  shard.read_tokens(2, tokens);
  EXPECT_EQ(tokens, (std::vector<std::uint32_t>{30, 31, 30, 33}));
  std::vector<float> scores(4);
  shard.read_scores(2, scores);
  EXPECT_EQ(scores, (std::vector<float>{5, 6, 3, 2}));
  EXPECT_EQ(shard.capacity(0), (Capacity{4, 4}));
  EXPECT_EQ(shard.capacity(1), (Capacity{2, 2}));
  EXPECT_EQ(shard.capacity(2), (Capacity{3, 3}));
  Positions stage2(3);
  shard.read_stage(2, 3, stage2);  // picked: 33 (label 2), the second 30 (3), 31 (6)
  EXPECT_EQ(stage2, (Positions{1, 2, 3}));
  Positions stage1(1);
  shard.read_stage(2, 1, stage1);
  EXPECT_EQ(stage1, (Positions{3}));
  EXPECT_NO_THROW(shard.verify());
}

TEST_F(ScoredShards, WideOnesToo) {
  ShardHeader header = small_header();
  header.selection = Selection::kKeybertNoStopword;
  header.vocab_size = 100'000;
  header.chunk_length = 300;
  Scored chunk;
  for (std::uint32_t i = 0; i < 300; ++i) {
    chunk.tokens.push_back(99'999 - i);
    chunk.scores.push_back(static_cast<float>(i) / 512);
  }
  write_shard(folder_.path(), header, {chunk});
  const ScoredShard shard(path());
  std::vector<std::uint32_t> tokens(300);
  std::vector<float> scores(300);
  Positions best(2);
  shard.read_tokens(0, tokens);
  shard.read_scores(0, scores);
  shard.read_stage(0, 2, best);
  EXPECT_EQ(tokens, chunk.tokens);
  EXPECT_EQ(scores, chunk.scores);
  EXPECT_EQ(best, (Positions{298, 299}));
}

TEST_F(ScoredShards, WithoutChunks) {
  write_shard(folder_.path(), small_header(), {});
  EXPECT_EQ(ScoredShard(path()).header().chunks, 0u);
}

TEST_F(ScoredShards, Damage) {
  write_shard(folder_.path(), small_header(), three_chunks());
  const std::string whole = proto::read_file(path());
  const auto with = [&](const std::string& bytes) {
    std::ofstream(path(), std::ios::binary) << bytes;
    return opening_error();
  };
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(with(whole.substr(0, length)), "no error") << length;
  }
  expect_part(with(whole.substr(0, whole.size() - 1)), "bytes, and should have");
  expect_part(with(whole + "x"), "bytes, and should have");
  expect_part(with("GARBAGE " + whole.substr(8)), "this is no scored shard");
  expect_part(with(whole.substr(0, 8) + "\x09" + whole.substr(9)), "version 9");
  const auto flipped = [&](std::size_t at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    return bytes;
  };
  expect_part(with(flipped(kShardPreambleBytes + 5)), "its header is damaged");
  expect_part(with(flipped(whole.size() - 1)), "its index is damaged");
  EXPECT_EQ(with(flipped(whole.size() - 13)), "no error");  // a record: only verify() reads these
  expect_part(error_of([&] { ScoredShard(path()).verify(); }), "its records are damaged");
}

TEST_F(ScoredShards, AFolderHasThemAll) {
  write_shard(folder_.path(), small_header(0, 3), three_chunks());
  write_shard(folder_.path(), small_header(1, 3), {});
  write_shard(folder_.path(), small_header(2, 3), three_chunks());
  const ShardFolder folder(folder_.path());
  EXPECT_EQ(folder.chunks(), 6u);
  const ShardFolder::Filling filling(folder, 1, 3);
  ASSERT_EQ(filling.count(), 4u);
  EXPECT_EQ(filling.place(1).chunk, 2u);
  EXPECT_EQ(filling.place(2).shard->header().shard, 2u);
  EXPECT_EQ(filling.place(3).chunk, 2u);
  EXPECT_EQ(ShardFolder::Filling(folder, 1, 2).count(), 6u);
  EXPECT_EQ(ShardFolder::Filling(folder, 4, 4).count(), 2u);
  EXPECT_EQ(ShardFolder::Filling(folder, 4, 5).count(), 0u);
}

TEST_F(ScoredShards, ManyChunksAreFoundByNumber) {
  std::vector<Scored> chunks;
  std::vector<std::uint32_t> filling_ones;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    const bool good = (i * i) % 7 < 3 && (i < 1000 || i > 1700);
    chunks.push_back(good ? Scored{{1, 2, 3, i % 1000}, {1, 1, 1, 1}}
                          : Scored{{5, 5, 5, 5}, {1, 1, 1, 1}});
    if (good) filling_ones.push_back(i);
  }
  write_shard(folder_.path(), small_header(), chunks);
  const ShardFolder folder(folder_.path());
  const ShardFolder::Filling filling(folder, 1, 3);
  ASSERT_EQ(filling.count(), filling_ones.size());
  for (std::size_t i = 0; i < filling_ones.size(); ++i) {
    ASSERT_EQ(filling.place(i).chunk, filling_ones[i]);
  }
}

TEST_F(ScoredShards, FoldersThatCannotBe) {
  const auto error = [&] { return error_of([&] { ShardFolder folder(folder_.path()); }); };
  expect_part(error(), "there are no scored shards here");
  write_shard(folder_.path(), small_header(0, 3), three_chunks());
  expect_part(error(), "2 of 3 shards are missing (1, 2)");
  ShardHeader other = small_header(1, 3);
  other.tokenizer_hash = "ffffffffffffffff";
  write_shard(folder_.path(), other, three_chunks());
  expect_part(
      error(),
      "tokenizer is ffffffffffffffff here and 0123456789abcdef in shard-00000-of-00003.scored");
  fs::remove(path(1, 3));
  write_shard(folder_.path(), small_header(0, 2), three_chunks());
  expect_part(error(), "shards is");
  fs::remove(path(0, 2));
  fs::copy(path(0, 3), path(1, 3));
  expect_part(error(), "was it renamed?");
}

TEST_F(ScoredShards, TheHashIsOfTokensAndPicks) {
  write_shard(folder_.path(), small_header(), three_chunks());
  const std::string hash = ShardFolder(folder_.path()).hash();
  ShardHeader header = small_header();
  header.stage1_length = 2;  // which decides no token
  write_shard(folder_.path(), header, three_chunks());
  EXPECT_EQ(ShardFolder(folder_.path()).hash(), hash);
  auto chunks = three_chunks();
  chunks[1].tokens[0] = 22;
  write_shard(folder_.path(), header, chunks);
  EXPECT_NE(ShardFolder(folder_.path()).hash(), hash);
}

TEST_F(ScoredShards, TheVocabularyBesideThem) {
  write_shard(folder_.path(), small_header(), three_chunks());
  const ShardFolder folder(folder_.path());
  EXPECT_TRUE(folder.vocabulary().empty());
  std::vector<std::string> tokens(1000, "x");
  save_vocabulary(folder_.path(), tokens);
  EXPECT_EQ(folder.vocabulary(), tokens);
  tokens.pop_back();
  save_vocabulary(folder_.path(), tokens);
  expect_part(error_of([&] { (void)folder.vocabulary(); }),
              "not the 1000 tokens of the shards beside it");
}

TEST_F(ScoredShards, HeadersThatCannotBe) {
  const std::string good = to_json(small_header());
  EXPECT_EQ(header_from_json(good), small_header());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string json = good;
    json.replace(json.find(from), from.size(), to);
    return error_of([&] { (void)header_from_json(json); });
  };
  expect_part(with("\"chunk_length\":4", "\"chunk_length\":0"), "chunk_length cannot be 0");
  expect_part(with("\"shard\":0", "\"shard\":1"), "shard cannot be 1");
  expect_part(with("\"vocab_size\":1000", "\"vocab_size\":-1"), "vocab_size cannot be -1");
  expect_part(with("constituency", "astrology"), "unknown selection \"astrology\"");
  expect_part(with("\"scorer\"", "\"scored\""), "its header is none");
  expect_part(error_of([] { (void)header_from_json("[]"); }), "its header is none");
}

TEST_F(ScoredShards, ThePagesWorkedExample) {
  write_shard(folder_.path(), small_header(), three_chunks());
  EXPECT_EQ(proto::read_file(path()), testing::hex_block("scored_shards.md", "shard"));
}

}  // namespace
}  // namespace millrace::annotation
