#include "providers/corpus.h"

#include <gtest/gtest.h>

#include "proto/digest.h"
#include "support.h"

namespace millrace::providers {
namespace {

using proto::Split;

Text text_of(std::string bytes) { return {"some.txt", "dir/some.txt", std::move(bytes)}; }

const std::vector<std::uint32_t>& starts(const Corpus& corpus, Split split) {
  return corpus.starts[static_cast<std::size_t>(split)];
}

std::string repeated(const std::string& line, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += line;
  return text;
}

std::string error_of(const std::string& bytes, double val_fraction, std::uint32_t block_size) {
  return message_of<std::runtime_error>([&] { (void)make_corpus(text_of(bytes), val_fraction, block_size); });
}

TEST(Corpus, SortsItsVocabularyByCodePointAndEndsItWithTheMask) {
  const Corpus corpus = make_corpus(text_of("bß€a\n😀b\n"), 0.0, 2);
  expect_elements(corpus.vocabulary, {"\n", "a", "b", "ß", "€", "😀", "[MASK]"});
  EXPECT_EQ(corpus.mask_token_id, 6U);
  expect_elements(std::get<std::vector<std::uint8_t>>(corpus.tokens), {2, 3, 4, 1, 0, 5, 2, 0});
}

TEST(Corpus, CountsCarriageReturnsAsCharacters) {
  const Corpus corpus = make_corpus(text_of("a\r\nb\r\n"), 0.0, 1);
  expect_elements(corpus.vocabulary, {"\n", "\r", "a", "b", "[MASK]"});
  expect_elements(starts(corpus, Split::kTrain), {0, 3});
}

TEST(Corpus, StartsAtLinesOfTheWholeTextWhereABlockFits) {
  //                                      0123 4 56789 01 2345
  const Corpus corpus = make_corpus(text_of("abc\n\nabcd\nab\nabc"), 0.0, 4);
  expect_elements(starts(corpus, Split::kTrain), {0, 5, 10});
}

TEST(Corpus, CutsTheSplitsWithoutMakingALineStart) {
  // 20 characters, 12 for training: the cut lies within the third line, whose rest is not a line of val.
  const Corpus corpus = make_corpus(text_of("abcd\nabcd\nabcd\nabcd\n"), 0.4, 4);
  expect_elements(starts(corpus, Split::kTrain), {0, 5});
  expect_elements(starts(corpus, Split::kVal), {15});
  EXPECT_TRUE(starts(corpus, Split::kTest).empty());
}

TEST(Corpus, CutsAtTheExactFraction) {
  // One of ten characters, although 10 · (1 − 0.9) is 0.9999999999999998 in doubles.
  const Corpus corpus = make_corpus(text_of("a\na\na\na\na\n"), 0.9, 1);
  expect_elements(starts(corpus, Split::kTrain), {0});
  expect_elements(starts(corpus, Split::kVal), {2, 4, 6, 8});
}

TEST(Corpus, StoresTokensNarrowly) {
  const auto of_size = [](std::uint32_t characters) {
    return make_corpus(text_of(distinct_characters(characters)), 0.0, 1).tokens.index();
  };
  EXPECT_EQ(of_size(255), 0U);  // and the mask: 256 ids fit into one byte
  EXPECT_EQ(of_size(256), 1U);
}

TEST(Corpus, IsNamedByItsBytes) {
  const std::string bytes = "abc\nabc\n";
  EXPECT_EQ(make_corpus(text_of(bytes), 0.0, 2).hash, proto::hex16(proto::xxh64(bytes)));
}

TEST(Corpus, SaysWhereTheTextIsNotUtf8) {
  expect_contains(error_of("ab\nc\xC3(d", 0.0, 2), {"dir/some.txt", "not valid UTF-8 at byte offset 4"});
}

TEST(Corpus, RefusesAnEmptyText) { expect_contains(error_of("", 0.1, 2), {"dir/some.txt", "empty"}); }

TEST(Corpus, SaysWhichPartIsTooShortForABlock) {
  const std::string text = repeated("abcdefghi\n", 10);
  expect_contains(error_of(text, 0.1, 91), {"training part has 90 characters", "block_size = 91", "longer text"});
  expect_contains(error_of(text, 0.1, 11), {"validation part has 10 characters", "val_fraction"});
}

TEST(Corpus, SaysWhenNoLineStartsEarlyEnough) {
  const std::string text = std::string(100, '\n') + "abbbbbbbbb";
  expect_contains(error_of(text, 0.0, 11), {"no line starts early enough", "110 characters"});
}

TEST(Corpus, HasNoValWhereTheFractionIsZero) {
  EXPECT_TRUE(starts(make_corpus(text_of("abc\nabc\n"), 0.0, 4), Split::kVal).empty());
}

TEST(Corpus, RefusesAFractionThatIsNone) {
  for (const double fraction : {-0.1, 1.0, 7.0}) expect_contains(error_of("abc\n", fraction, 2), {"data.val_fraction"});
}

TEST(LoadText, TakesThePathOfTheRecipe) {
  const TextFile file("abc\n", "name.txt");
  config::DataOptions options;
  options.path = file.path();
  const Text text = load_text(options);
  EXPECT_EQ(text.name, "name.txt");
  EXPECT_EQ(text.bytes, "abc\n");
}

TEST(LoadText, SaysWhatToDoWhereThePathIsWrong) {
  config::DataOptions options;
  options.path = "no/such/text.txt";
  expect_error<std::runtime_error>([&] { (void)load_text(options); }, {"no/such/text.txt", "scripts/get-data"});
  options.path = testing::TempDir();
  expect_error<std::runtime_error>([&] { (void)load_text(options); }, {"folder"});
  options.path = "";
  expect_error<std::runtime_error>([&] { (void)load_text(options); }, {"data.path"});
}

TEST(LoadText, WithoutAPathTakesTheUsualFileElseGenerates) {
  const TextFile file("abc\n", "unused.txt");
  const std::filesystem::path folder = std::filesystem::path(file.path()).parent_path();
  EXPECT_EQ(load_text({}, folder).name, "generated-markov1");
  EXPECT_EQ(load_text({}, folder).bytes.size(), kGeneratedCharacters);
  std::filesystem::create_directories((folder / kDefaultTextPath).parent_path());
  std::ofstream(folder / kDefaultTextPath) << "First Citizen:\n";
  EXPECT_EQ(load_text({}, folder).bytes, "First Citizen:\n");
}

TEST(LoadText, ReadsTinyShakespeareIntoItsSixtyFiveCharacters) {
  if (!std::filesystem::exists(MILLRACE_TINY_SHAKESPEARE)) GTEST_SKIP() << "no " << MILLRACE_TINY_SHAKESPEARE;
  config::DataOptions options;
  options.path = MILLRACE_TINY_SHAKESPEARE;
  const Corpus corpus = make_corpus(load_text(options), 0.1, 1024);
  EXPECT_EQ(corpus.vocabulary.size(), 66U);
  EXPECT_EQ(corpus.vocabulary.back(), "[MASK]");
  EXPECT_EQ(std::get<0>(corpus.tokens).size(), 1'115'394U);
  EXPECT_EQ(starts(corpus, Split::kTrain).front(), 0U);
  EXPECT_LE(starts(corpus, Split::kTrain).back() + 1024, 1'003'854U);
  EXPECT_GE(starts(corpus, Split::kVal).front(), 1'003'854U);
}

}  // namespace
}  // namespace millrace::providers
