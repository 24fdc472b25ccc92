// Classes of characters, the spelling of bytes, and the replacement of invalid UTF-8.
#include <gtest/gtest.h>

#include "datasets/bpe/byte_alphabet.h"
#include "datasets/bpe/unicode_classes.h"
#include "datasets/io/unicode_replacement.h"
#include "datasets/io/utf8.h"
#include "proto/digest.h"

namespace millrace::datasets {
namespace {

using enum CharacterClass;

TEST(UnicodeClasses, OfCharactersThatLookLikeOthers) {
  EXPECT_EQ(class_of(U'a'), kLetter);
  EXPECT_EQ(class_of(U'\u00aa'), kLetter);  // ª
  EXPECT_EQ(class_of(U'\u00b2'), kNumber);  // ²
  EXPECT_EQ(class_of(U'\u2163'), kNumber);  // Ⅳ
  EXPECT_EQ(class_of(U'\u0301'), kOther);   // a combining accent is no letter
  EXPECT_EQ(class_of(U'\u0085'), kSpace);   // next line, among the controls
  EXPECT_EQ(class_of(U'\u001c'), kOther);   // a separator for Python's str.isspace, no White_Space
  EXPECT_EQ(class_of(U'\u00a0'), kSpace);
  EXPECT_EQ(class_of(U'\u200b'), kOther);  // the zero width space is none
  EXPECT_EQ(class_of(U'\u3000'), kSpace);
  EXPECT_EQ(class_of(U'\ue000'), kOther);       // private
  EXPECT_EQ(class_of(U'\U000105c0'), kLetter);  // Todhri, new in Unicode 16
  EXPECT_EQ(class_of(0x10FFFF), kOther);
  EXPECT_EQ(class_of(0x7FFFFFFF), kOther);
}

// A letter for each code point (surrogates: O), its class in the package `tokenizers` 0.23.3:
// whether "a", "1" or "!" and the character are one word. tests/system/test_bpe.py compares with
// the package.
TEST(UnicodeClasses, AreThoseOfThePackageForEveryCodePoint) {
  std::string classes;
  for (char32_t c = 0; c < kCodePoints; ++c) {
    classes += "OLNS"[static_cast<std::size_t>(class_of(c))];
  }
  EXPECT_EQ(proto::hex16(proto::xxh64(classes)), "ebed63d981f6a6d4");
}

TEST(ByteAlphabet, SpellsAsGpt2Does) {
  EXPECT_EQ(spell_bytes("a b\n"), "aĠbĊ");
  EXPECT_EQ(spell_bytes("é"), "Ã©");
  EXPECT_EQ(spell_bytes(std::string("\0\x7f\xa0\xad\xff", 5)), "ĀġłŃÿ");
  EXPECT_EQ(byte_alphabet()[0], '!');
  EXPECT_EQ(byte_alphabet()[187], 0xFF);
  EXPECT_EQ(byte_alphabet()[188], 0);
  EXPECT_EQ(byte_alphabet()[255], 0xAD);
}

TEST(ByteAlphabet, ReadsEveryByteThatItSpells) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  EXPECT_EQ(bytes_of_spelling(spell_bytes(bytes)), bytes);
}

TEST(ByteAlphabet, ReadsNothingElse) {
  EXPECT_FALSE(bytes_of_spelling("a b"));  // a space spells nothing
  EXPECT_FALSE(bytes_of_spelling("語"));
  EXPECT_FALSE(bytes_of_spelling("\xFF"));
}

TEST(Replacement, IsOneForEachMaximalSubpart) {
  const std::string r = "\uFFFD";
  EXPECT_EQ(replace_invalid_utf8("plain é 語 😀"), "plain é 語 😀");
  EXPECT_EQ(replace_invalid_utf8("a\x80z"), "a" + r + "z");
  EXPECT_EQ(replace_invalid_utf8("\xE8\xAA"), r);  // the start of a character
  EXPECT_EQ(replace_invalid_utf8("\xE8\xAA\x61"), r + "a");
  EXPECT_EQ(replace_invalid_utf8("\xF0\x9F\x98"), r);
  // Overlong: no part of it is a start.
  EXPECT_EQ(replace_invalid_utf8("\xF0\x80\x80\x80"), r + r + r + r);
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80"), r + r + r);  // a surrogate
  EXPECT_EQ(replace_invalid_utf8("\xC0\xAF"), r + r);
}

}  // namespace
}  // namespace millrace::datasets
