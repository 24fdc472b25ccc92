// Prompts to tokens and tokens to text, with a checkpoint's vocabulary.
#include "trainer/text/prompt.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/complaint.h"
#include "tests/support/temporary_folder.h"

namespace millrace::trainer {
namespace {

using testing::complaint;
using Ids = std::vector<std::int64_t>;
using Fixed = std::vector<bool>;

proto::StreamMeta characters() {
  proto::StreamMeta meta;
  meta.vocabulary = {"\n", "a", "b", "é", "[MASK]"};
  meta.vocab_size = 5;
  meta.mask_token_id = 4;
  return meta;
}

void expect_parts(const std::string& sentence, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence << " lacks " << part;
  }
}

Prompt read(const PromptRequest& request, std::uint64_t longest = 8) {
  TextCodec codec(characters(), "");
  return read_prompt(request, codec, longest);
}

TEST(TextCodec, RoundTripsCharacters) {
  TextCodec codec(characters(), "");
  EXPECT_EQ(codec.encode("bé\na", "x"), (Ids{2, 3, 0, 1}));
  EXPECT_EQ(codec.decode(Ids{2, 3, 0, 1}), "bé\na");
}

TEST(TextCodec, SameTokensIgnoresAMaskAtTheEnd) {
  proto::StreamMeta without = characters(), other = characters(), in_front = characters();
  without.vocabulary.pop_back();
  without.vocab_size = 4;
  without.mask_token_id.reset();
  other.vocabulary[2] = "c";
  std::swap(in_front.vocabulary.front(), in_front.vocabulary.back());
  in_front.mask_token_id = 0;
  EXPECT_TRUE(same_tokens(characters(), characters()));
  EXPECT_TRUE(same_tokens(characters(), without));
  EXPECT_TRUE(same_tokens(without, characters()));
  EXPECT_FALSE(same_tokens(characters(), other));
  EXPECT_FALSE(same_tokens(without, in_front));
  proto::StreamMeta bytes = without;
  bytes.byte_level = true;
  EXPECT_FALSE(same_tokens(without, bytes));
}

TEST(TextCodec, SameTokensComparesCountsWithoutAVocabulary) {
  proto::StreamMeta masked = characters(), without = characters();
  for (proto::StreamMeta* const meta : {&masked, &without}) meta->vocabulary.clear();
  without.mask_token_id.reset();
  EXPECT_FALSE(same_tokens(masked, without));  // 4 and 5
  without.vocab_size = 4;
  EXPECT_TRUE(same_tokens(masked, without));
  EXPECT_FALSE(same_tokens(masked, characters()));
}

TEST(TextCodec, SaysWhichCharacterIsUnknownAndWhere) {
  TextCodec codec(characters(), "");
  expect_parts(complaint([&] { (void)codec.encode("aéüb", "--start"); }),
               {"--start", "'ü'", "position 2", "leave it out"});
  expect_parts(complaint([&] { (void)codec.encode("a\xff", "--start"); }),
               {"--start", "no UTF-8 at byte 1"});
}

TEST(TextCodec, WithoutAVocabularyTokensAreTheirIds) {
  TextCodec codec({}, "");
  EXPECT_EQ(codec.decode(Ids{7, 0, 31}), "7 0 31");
  expect_parts(complaint([&] { (void)codec.encode("a", "--start"); }), {"--start", "by id alone"});
}

TEST(TextCodec, ByteLevelTokensAreBytes) {
  proto::StreamMeta meta;
  meta.byte_level = true;
  meta.vocabulary = {"Ġthe", "Ċ", "Ã", "©"};
  TextCodec codec(meta, "");
  EXPECT_EQ(codec.decode(Ids{0, 1, 2, 3}), " the\né");
  EXPECT_EQ(codec.decode(Ids{2, 0}), "\xEF\xBF\xBD the");
  expect_parts(complaint([&] { (void)codec.encode("a", "--start"); }),
               {"--start", "no tokenizer", "--data.tokenizer=FILE"});
}

TEST(Prompt, FixesNothingByDefault) {
  EXPECT_EQ(read({}).fixed, Fixed(8));
  EXPECT_EQ(read({.length = 3}).fixed, Fixed(3));
}

TEST(Prompt, StartAndSuffix) {
  const Prompt prompt = read({.start = "ab", .suffix = "é", .length = 5});
  EXPECT_EQ(prompt.tokens, (Ids{1, 2, 0, 0, 3}));
  EXPECT_EQ(prompt.fixed, (Fixed{true, true, false, false, true}));
}

TEST(Prompt, ReadsAFile) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "prompt.txt";
  std::ofstream(path) << "ba";
  EXPECT_EQ(read({.start = "FILE:" + path.string(), .length = 2}).tokens, (Ids{2, 1}));
  expect_parts(complaint([&] { (void)read({.start = "FILE:" + path.string() + "x"}); }),
               {"--start", "prompt.txtx", "cannot read"});
}

TEST(Prompt, Template) {
  const Prompt prompt = read({.template_text = "[MASK]a[MASK][MASK]b"});
  EXPECT_EQ(prompt.tokens, (Ids{0, 1, 0, 0, 2}));
  EXPECT_EQ(prompt.fixed, (Fixed{false, true, false, false, true}));
  EXPECT_EQ(read({.template_text = "a[MASK]"}).fixed, (Fixed{true, false}));
}

TEST(Prompt, RefusesTextsThatDoNotFit) {
  expect_parts(complaint([] {
                 (void)read({.start = "abababab"
                                      "a"});
               }),
               {"--start is 9 tokens", "at most 8 tokens"});
  expect_parts(complaint([] { (void)read({.start = "ababa", .suffix = "abab"}); }),
               {"--start with --suffix is 9"});
  expect_parts(complaint([] { (void)read({.start = "ab", .suffix = "ab", .length = 3}); }),
               {"--length 3", "4 tokens"});
  expect_parts(complaint([] { (void)read({.length = 9}); }), {"--length is 9", "at most 8"});
  expect_parts(complaint([] { (void)read({.template_text = "[MASK][MASK][MASK]", .length = 4}); }),
               {"--length 4", "3 tokens"});
  expect_parts(complaint([] { (void)read({.template_text = ""}); }), {"--template is empty"});
  expect_parts(complaint([] { (void)read({.start = "a", .template_text = "[MASK]"}); }),
               {"leave out --start"});
}

}  // namespace
}  // namespace millrace::trainer
