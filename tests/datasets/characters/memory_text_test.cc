// Texts in memory: vocabulary, splits, lines, and what is refused.
#include "datasets/characters/memory_text.h"

#include <gtest/gtest.h>

#include "proto/digest.h"
#include "tests/support/messages.h"

namespace millrace::datasets {
namespace {

using proto::Split;
using testing::contains;
using testing::message_of;
using Ids = std::vector<std::uint32_t>;

std::shared_ptr<const TokenText> text_of(std::string_view bytes, double val = 0, double test = 0) {
  return make_memory_text(bytes, "dir/some.txt", {val, test});
}

Ids ids_of(const TokenText& text, Split split = Split::kTrain) {
  Ids ids(text.length(split));
  text.read(split, 0, std::span(ids));
  return ids;
}

Ids starts_of(const TokenText& text, Split split = Split::kTrain) {
  Ids starts;
  for (std::uint64_t line = 0; line < text.lines(split); ++line) {
    starts.push_back(static_cast<std::uint32_t>(text.line_start(split, line)));
  }
  return starts;
}

TEST(MemoryText, SortsItsVocabularyByCodePoint) {
  const auto text = text_of("bß€a\n😀b\n");
  EXPECT_EQ(text->vocabulary().tokens, (std::vector<std::string>{"\n", "a", "b", "ß", "€", "😀"}));
  EXPECT_EQ(text->vocabulary().size, 6U);
  EXPECT_EQ(ids_of(*text), (Ids{2, 3, 4, 1, 0, 5, 2, 0}));
}

TEST(MemoryText, ReadsAPartInEveryWidth) {
  const auto text = text_of("abcabc");
  std::vector<std::uint8_t> narrow(3);
  text->read(Split::kTrain, 2, std::span(narrow));
  EXPECT_EQ(narrow, (std::vector<std::uint8_t>{2, 0, 1}));
  std::vector<std::uint16_t> wide(2);
  text->read(Split::kTrain, 4, std::span(wide));
  EXPECT_EQ(wide, (std::vector<std::uint16_t>{1, 2}));
}

TEST(MemoryText, CountsCarriageReturnsAsCharacters) {
  const auto text = text_of("a\r\nb\r\n");
  EXPECT_EQ(text->vocabulary().tokens, (std::vector<std::string>{"\n", "\r", "a", "b"}));
  EXPECT_EQ(starts_of(*text), (Ids{0, 3}));
}

TEST(MemoryText, LinesThatAreEmptyDoNotStart) {
  //                           0123 4 56789 01 2345
  EXPECT_EQ(starts_of(*text_of("abc\n\nabcd\nab\nabc")), (Ids{0, 5, 10, 13}));
}

TEST(MemoryText, CutsTheSplitsWithoutMakingALineStart) {
  // 20 characters, 12 of them train: the cut is in the third line, whose rest is no line of val.
  const auto text = text_of("abcd\nabcd\nabcd\nabcd\n", 0.4);
  EXPECT_EQ(starts_of(*text), (Ids{0, 5, 10}));
  EXPECT_EQ(starts_of(*text, Split::kVal), (Ids{3}));
  EXPECT_EQ(text->length(Split::kTest), 0U);
}

TEST(MemoryText, CutsAtTheExactFractions) {
  // One of ten characters, although 10 · (1 − 0.9) is 0.9999999999999998 in doubles.
  EXPECT_EQ(text_of("a\na\na\na\na\n", 0.9)->length(Split::kTrain), 1U);
  const auto three = text_of("0123456789", 0.2, 0.3);
  EXPECT_EQ(three->length(Split::kTrain), 5U);
  EXPECT_EQ(ids_of(*three, Split::kVal), (Ids{5, 6}));
  EXPECT_EQ(ids_of(*three, Split::kTest), (Ids{7, 8, 9}));
}

TEST(MemoryText, IsNamedByItsBytes) {
  EXPECT_EQ(text_of("abc\n")->hash(), proto::hex16(proto::xxh64(std::string_view("abc\n"))));
}

TEST(MemoryText, RefusesWhatIsNoText) {
  EXPECT_TRUE(contains(message_of<std::runtime_error>([] { (void)text_of("ab\nc\xC3(d"); }),
                       "dir/some.txt: not valid UTF-8 at byte offset 4"));
  EXPECT_TRUE(contains(message_of<std::runtime_error>([] { (void)text_of(""); }),
                       "dir/some.txt: the text is empty"));
}

}  // namespace
}  // namespace millrace::datasets
