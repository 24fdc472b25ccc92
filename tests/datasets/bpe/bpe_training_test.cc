// Training: merges computed by hand, the tokenizer's file read back, and a text that equals its
// decoded tokens.
#include "datasets/bpe/bpe_training.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "datasets/bpe/bpe_files.h"
#include "tests/support/temporary_folder.h"

namespace millrace::datasets {
namespace {

using Merges = std::vector<std::pair<std::string, std::string>>;

BpeParts trained(std::initializer_list<std::string_view> texts, std::uint32_t vocab_size) {
  BpeTrainer trainer;
  for (const std::string_view text : texts) trainer.add(text);
  return trainer.train(vocab_size);
}

TEST(BpeTraining, TheMostFrequentPairFirst) {
  // Words: "ab" 3 times, "abc" twice, "c". Pairs: ab 5, bc 2. Then (ab)c 2.
  const BpeParts parts = trained({"ab\tab\tab\tabc\tabc\tc"}, 300);
  EXPECT_EQ(parts.merges, (Merges{{"a", "b"}, {"ab", "c"}}));
  EXPECT_EQ(parts.vocabulary.size(), 258u);
  EXPECT_EQ(parts.vocabulary[256], "ab");
  EXPECT_EQ(parts.vocabulary[257], "abc");
  ASSERT_EQ(parts.added.size(), 1u);
  EXPECT_EQ(parts.added[0].id, 258u);
  EXPECT_EQ(parts.added[0].content, "<|endoftext|>");
}

TEST(BpeTraining, TiesGoToTheSmallerIds) {
  EXPECT_EQ(trained({"xy\nab\nxy\nab"}, 258).merges, (Merges{{"a", "b"}}));
  EXPECT_EQ(trained({"ab\nxy", "ab\nxy"}, 258).merges, (Merges{{"a", "b"}}));
}

TEST(BpeTraining, OverlapsAreTakenFromTheLeft) {
  // aaaaa: aa aa a. Overlapping pairs count: aa 4 times in a word; then (aa)(aa) and (aa)a once
  // each: ids 256 256 and 256 97.
  const BpeParts parts = trained({"aaaaa\naaaaa"}, 260);
  EXPECT_EQ(parts.merges[0], (std::pair<std::string, std::string>{"a", "a"}));
  // A has the smaller id.
  EXPECT_EQ(parts.merges[1], (std::pair<std::string, std::string>{"aa", "a"}));
  EXPECT_EQ(parts.merges[2], (std::pair<std::string, std::string>{"aa", "aaa"}));
}

TEST(BpeTraining, StopsWhereNothingRepeats) {
  EXPECT_TRUE(trained({"abcdef"}, 1000).merges.empty());
  EXPECT_TRUE(trained({}, 1000).merges.empty());
  EXPECT_EQ(trained({"ab ab ab ab"}, 257).vocabulary.size(), 256u);
}

TEST(BpeTraining, TheFileReadsBack) {
  const std::string text =
      "The mill's wheel turns; the mill stands. Näher an dér Mühle — 水车!\n\n  The wheel, the "
      "wheel… 1848 1849\n";
  const BpeParts parts = trained({text, text}, 300);
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "tokenizer.json") << to_tokenizer_json(parts);
  const auto read = load_bpe(folder / "tokenizer.json");
  EXPECT_EQ(read->hash(), ByteLevelBpe(parts).hash());
  EXPECT_EQ(read->vocab_size(), 300u);
  EXPECT_EQ(read->end_of_text(), 299u);
  const auto ids = read->encode(text);
  EXPECT_LT(ids.size(), text.size() * 2 / 3);
  EXPECT_EQ(read->decode(ids), text);
}

TEST(BpeTraining, OnlyWhatIsTrainedIsWritten) {
  const BpeParts whole = trained({"ab ab"}, 258);
  EXPECT_NO_THROW((void)to_tokenizer_json(whole));
  const auto refused = [&](auto change) {
    BpeParts parts = whole;
    change(parts);
    EXPECT_THROW((void)to_tokenizer_json(parts), std::logic_error);
  };
  refused([](BpeParts& parts) { parts.normal_forms = {NormalForm::kNfc}; });
  refused([](BpeParts& parts) { parts.splits = {{"a"}}; });
  refused([](BpeParts& parts) { parts.added.front().takes_space_before = true; });
  refused([](BpeParts& parts) { parts.added.front().takes_space_behind = true; });
  refused([](BpeParts& parts) { parts.vocabulary.front().clear(); });
}

// By a search through the tokens for each token it takes minutes.
TEST(BpeTraining, ALargeVocabularyIsWrittenAtOnce) {
  BpeParts parts = trained({}, 257);
  for (int i = 0; i < 300'000; ++i) parts.vocabulary.push_back("t" + std::to_string(i));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_GT(to_tokenizer_json(parts).size(), 3'000'000U);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(BpeTraining, TextsInAnyOrderTrainTheSame) {
  EXPECT_EQ(to_tokenizer_json(trained({"one two three", "two three four"}, 300)),
            to_tokenizer_json(trained({"two three four", "one two three"}, 300)));
}

TEST(BpeTraining, RefusesWhatIsNoText) {
  BpeTrainer trainer;
  try {
    trainer.add("ab\xFF");
    ADD_FAILURE() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "not valid UTF-8 at byte offset 2");
  }
}

}  // namespace
}  // namespace millrace::datasets
