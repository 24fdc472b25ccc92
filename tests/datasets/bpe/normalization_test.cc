// Normal forms: worked examples, the cuts between stretches, and characters newer than Unicode 9.
#include "datasets/bpe/normalization.h"

#include <gtest/gtest.h>

#include "datasets/bpe/bpe_encoder.h"
#include "datasets/bpe/bpe_files.h"

namespace millrace::datasets {
namespace {

std::string in_form(std::string_view text, NormalForm form) {
  std::string buffer;
  return std::string(normalize(text, {form}, buffer));
}

TEST(Normalization, HasFourForms) {
  using enum NormalForm;
  const std::string text = "ﬁ e\u0301 \u00e9 \u212b \uac00 \u1100\u1161";
  EXPECT_EQ(in_form(text, kNfc), "ﬁ \u00e9 \u00e9 \u00c5 \uac00 \uac00");
  EXPECT_EQ(in_form(text, kNfd), "ﬁ e\u0301 e\u0301 A\u030a \u1100\u1161 \u1100\u1161");
  EXPECT_EQ(in_form(text, kNfkc), "fi \u00e9 \u00e9 \u00c5 \uac00 \uac00");
  EXPECT_EQ(in_form(text, kNfkd), "fi e\u0301 e\u0301 A\u030a \u1100\u1161 \u1100\u1161");
  EXPECT_EQ(in_form(std::string("\0é", 3), kNfd), std::string("\0e\u0301", 4));
  EXPECT_EQ(in_form("", kNfc), "");
}

TEST(Normalization, LeavesAloneWhatUnicode9DoesNotHave) {
  using enum NormalForm;
  for (const char* text : {
           "\u32ff",                  // 12.1: a square of two characters
           "a\U00011d44\u0334",       // 10: a mark, which would change places
           "a\u1abf\u0323",           // 13
           "\U00011935\U00011930",    // 13: would compose
           "a\U0001e4ec\u0323",       // 15
           "\U000105d2\u0307",        // 16: would compose
           "\u0378\u0301\U0010ffff",  // unassigned
       }) {
    for (const NormalForm form : {kNfc, kNfd, kNfkc, kNfkd}) EXPECT_EQ(in_form(text, form), text);
  }
  EXPECT_EQ(in_form("e\u0301\u32ffe\u0301", kNfc), "\u00e9\u32ff\u00e9");
}

TEST(Normalization, DoesNotSeeWhereItsStretchesEnd) {
  for (std::size_t length = 250; length < 264; ++length) {
    std::string text;
    std::string composed;
    for (int i = 0; i < 4; ++i) {
      text += std::string(length, 'x') + "e\u0323\u0301";
      composed += std::string(length, 'x') + "\u1eb9\u0301";
    }
    EXPECT_EQ(in_form(text, NormalForm::kNfc), composed);
  }
}

TEST(Normalization, ComesBetweenTheTwoKindsOfAddedTokens) {
  BpeParts parts = parse_vocab_bpe("#version: 0.2\n");
  parts.added.push_back({.content = "e\u0301", .id = 257});
  parts.added.push_back({.content = "n\u0303", .id = 258, .normalized = true});
  parts.normal_forms = {NormalForm::kNfc};
  const ByteLevelBpe bpe(parts);
  const auto ids = bpe.encode("e\u0301n\u0303\u00f1\u00e9");
  EXPECT_EQ(ids.size(), 5U);  // \u00e9 is no token: two bytes
  EXPECT_EQ(ids[0], 257U);
  EXPECT_EQ(ids[1], 258U);
  EXPECT_EQ(ids[2], 258U);
}

TEST(AddedTokens, TakeTheWhiteSpaceAroundThem) {
  BpeParts parts = parse_vocab_bpe("#version: 0.2\n");
  parts.added.push_back({.content = "<l>", .id = 257, .special = true, .takes_space_before = true});
  parts.added.push_back({.content = "<r>", .id = 258, .special = true, .takes_space_behind = true});
  const ByteLevelBpe bpe(parts);
  const auto decoded = [&](std::string_view text, Specials specials) {
    return bpe.decode(bpe.encode(text, specials));
  };
  EXPECT_EQ(decoded("a \u3000<l> b <r>\n c", Specials::kRecognised), "a<l> b <r>c");
  EXPECT_EQ(decoded("<r>  <l>", Specials::kRecognised), "<r><l>");
  EXPECT_EQ(decoded("a <l> b", Specials::kAsText), "a <l> b");
}

}  // namespace
}  // namespace millrace::datasets
