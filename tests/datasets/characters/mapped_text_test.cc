// Mapped texts give the tokens of the same text in memory.
#include "datasets/characters/mapped_text.h"

#include <gtest/gtest.h>

#include <random>

#include "datasets/characters/memory_text.h"
#include "datasets/io/utf8.h"
#include "tests/datasets/text_files.h"
#include "tests/support/captured_log.h"

namespace millrace::datasets {
namespace {

using proto::Split;
using testing::contains;
using testing::ids_of;
using testing::spelled;
using testing::starts_of;
using Places = std::vector<std::uint64_t>;

class MappedTextOf : public testing::DatasetFiles {};

/// A random text. `wide`: how many of 100 characters have several bytes.
std::string random_text(std::mt19937& random, std::size_t characters, unsigned wide) {
  constexpr std::u32string_view kWide = U"äé€中\u200B😀\U0010FFFF";
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) {
    const auto kind = static_cast<unsigned>(random() % 100);
    if (kind < wide) {
      text += encode_utf8(kWide[random() % kWide.size()]);
    } else {
      text += kind > 90 ? '\n' : static_cast<char>('a' + random() % 7);
    }
  }
  return text;
}

template <class Token>
void expect_same_part(const TokenText& mapped, const TokenText& memory, Split split,
                      std::uint64_t first, std::uint64_t count) {
  std::vector<Token> got(count);
  std::vector<Token> expected(count);
  mapped.read(split, first, std::span(got));
  memory.read(split, first, std::span(expected));
  ASSERT_EQ(got, expected) << "at " << first;
}

void expect_same(const TokenText& mapped, const TokenText& memory, std::mt19937& random) {
  EXPECT_EQ(mapped.hash(), memory.hash());
  EXPECT_EQ(mapped.vocabulary(), memory.vocabulary());
  for (const Split split : proto::kSplits) {
    ASSERT_EQ(mapped.length(split), memory.length(split));
    ASSERT_EQ(starts_of(mapped, split), starts_of(memory, split));
    const std::uint64_t length = memory.length(split);
    for (int i = 0; i < 30; ++i) {
      const std::uint64_t first = random() % (length + 1);
      const std::uint64_t count = random() % (std::min<std::uint64_t>(length - first, 3000) + 1);
      expect_same_part<std::uint8_t>(mapped, memory, split, first, count);
      expect_same_part<std::uint16_t>(mapped, memory, split, first, count);
      expect_same_part<std::uint32_t>(mapped, memory, split, first, count);
    }
  }
}

TEST_F(MappedTextOf, AnyTextIsWhatTheTextInMemoryIs) {
  std::mt19937 random(1);
  for (const std::size_t characters : {1U, 2U, 17U, 1023U, 1024U, 1025U, 5000U, 20'000U}) {
    for (const unsigned wide : {0U, 1U, 50U, 100U}) {
      for (const Shares shares : {Shares{0.1, 0}, Shares{0.3, 0.25}, Shares{0, 0}}) {
        const std::string bytes = random_text(random, characters, wide);
        const std::string file = write("t.txt", bytes);
        expect_same(*text({.path = file}, {.shares = shares}),
                    *make_memory_text(bytes, file, shares), random);
      }
    }
  }
}

TEST_F(MappedTextOf, ATextThatAnIndexLiesBesideIsTheSame) {
  std::mt19937 random(2);
  const std::string bytes = random_text(random, 30'000, 20);
  const DatasetSpec spec{.path = write("t.txt", bytes), .cache = path("cache")};
  const auto memory = make_memory_text(bytes, "t.txt", {0.2, 0.1});
  expect_same(*text(spec, {.shares = {0.2, 0.1}}), *memory, random);  // made
  expect_same(*text(spec, {.shares = {0.2, 0.1}}), *memory, random);  // found
}

TEST_F(MappedTextOf, DocumentsAreCutBetweenThem) {
  // Lines of 4, 8 and 4 characters; a cut in half would be in the second line.
  const std::string file = write("t.txt", "abc\nabcdefg\nabc\n");
  const auto half = text({.path = file, .format = "lines"}, {.shares = {0.5, 0}});
  EXPECT_EQ(spelled(*half, Split::kTrain),
            "abc\n");  // 4 characters to either boundary: the earlier one
  EXPECT_EQ(starts_of(*half, Split::kVal), (Places{0, 8}));
  EXPECT_EQ(spelled(*text({.path = file, .format = "lines"}, {.shares = {0.4, 0}}), Split::kVal),
            "abc\n");
  const auto three = text({.path = file, .format = "lines"}, {.shares = {0.5, 0.2}});
  EXPECT_EQ(spelled(*three, Split::kTrain), "abc\n");
  EXPECT_EQ(spelled(*three, Split::kVal), "abcdefg\n");
  EXPECT_EQ(spelled(*three, Split::kTest), "abc\n");
}

TEST_F(MappedTextOf, DocumentsOfWideCharactersAreCutByCharacters) {
  const std::string file =
      // Joined: éééé n ab n ab n ab: 4+1+2+1+2+1+2 = 13 characters.
      write("t.csv", "text\néééé\nab\nab\nab\n");
  const auto parts = text({.path = file}, {.shares = {0.4, 0}});  // 7.8 of 13: at 8, not at 5
  EXPECT_EQ(spelled(*parts, Split::kTrain), "éééé\nab\n");
  EXPECT_EQ(spelled(*parts, Split::kVal), "ab\nab");
  EXPECT_EQ(starts_of(*parts), (Places{0, 5}));
}

TEST_F(MappedTextOf, RecordsStartAtTheirDocuments) {
  const std::string file = write("t.csv", "text\n\"one\ntwo\"\n\"three\n\nfour\"\n");
  EXPECT_EQ(starts_of(*text({.path = file}, {.shares = {0, 0}})), (Places{0, 8}));
}

TEST_F(MappedTextOf, AnEmptyPartIsRefused) {
  const std::string file = write("t.txt", "one line alone\n");
  EXPECT_TRUE(contains(error({.path = file, .format = "lines"}, {.shares = {0.1, 0}}),
                       "t.txt: its val part is empty, because a text of documents is cut between "
                       "them, and it has 1"));
  EXPECT_TRUE(contains(error({.path = file, .format = "lines"}, {.shares = {0.9, 0}}),
                       "its train part is empty"));
  const std::string two = write("u.txt", "one\ntwo\n");
  EXPECT_TRUE(contains(error({.path = two, .format = "lines"}, {.shares = {0.5, 0.1}}),
                       "its test part is empty"));
}

TEST_F(MappedTextOf, Text8HasItsOwnSplitAndSymbols) {
  const testing::CapturedLog log;
  std::string symbols;
  for (int i = 0; i < 200; ++i) symbols += i % 5 == 4 ? ' ' : static_cast<char>('a' + i % 7);
  const auto text8 =
      text({.path = write("text8", symbols), .format = "text8"}, {.shares = {0.5, 0.4}});
  EXPECT_EQ(text8->vocabulary().size, 27U);
  EXPECT_EQ(text8->vocabulary().tokens.front(), " ");
  EXPECT_EQ(text8->vocabulary().tokens.back(), "z");
  EXPECT_EQ(text8->length(Split::kTrain), 180U);
  EXPECT_EQ(text8->length(Split::kVal), 10U);
  EXPECT_EQ(text8->length(Split::kTest), 10U);
  EXPECT_EQ(spelled(*text8, Split::kTest), symbols.substr(190));
  EXPECT_EQ(log.count("text8 has 100000000 characters, and this text 200"), 1);
  EXPECT_TRUE(contains(error({.path = write("bad", "ab c\nd"), .format = "text8"}),
                       "bad: 1 of its characters are not in text8's 27 symbols (1 different ones), "
                       "the first is U+000A at byte offset 4"));
}

TEST(Splits, CutsAreExactAndDoNotOverflow) {
  const Cuts text8 = cut_anywhere(100'000'000, {0.05, 0.05});
  EXPECT_EQ(text8.val, 90'000'000U);
  EXPECT_EQ(text8.test, 95'000'000U);
  const Cuts large = cut_anywhere(1'000'000'000'000'000'003U, {0.25, 0.25});
  EXPECT_EQ(large.val, 500'000'000'000'000'001U);
  EXPECT_EQ(large.test, 750'000'000'000'000'002U);
  EXPECT_EQ(large.end, 1'000'000'000'000'000'003U);
}

TEST_F(MappedTextOf, ReadingATextThatWasChangedIsRefused) {
  const std::string file = write("t.txt", std::string(5000, 'a') + "bé");
  const auto mapped = text({.path = file}, {.shares = {0, 0}});
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).write("\xFFx", 2);
  EXPECT_TRUE(
      contains(testing::message_of<std::runtime_error>([&] { (void)ids_of(*mapped); }),
               "t.txt: the text is not what its index says: it was changed while it was in use"));
}

}  // namespace
}  // namespace millrace::datasets
