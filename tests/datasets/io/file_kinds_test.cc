// Files are recognized by their bytes: what is no text, what is no ids, and what helps.
#include "datasets/io/file_kinds.h"

#include <gtest/gtest.h>

#include "tests/support/messages.h"

namespace millrace::datasets {
namespace {

using namespace std::string_view_literals;
using testing::contains;

/// The characters of an ASCII text with `width` bytes each.
std::string wide(std::string_view text, std::size_t width, bool big_endian) {
  std::string bytes;
  for (const char c : text) {
    const std::string zeros(width - 1, '\0');
    bytes += big_endian ? zeros + c : c + zeros;
  }
  return bytes;
}

TEST(FileKinds, WideEncodingsAreRecognizedWithoutAMark) {
  const auto why = [](const std::string& bytes) { return not_utf8_text(bytes).value_or(""); };
  for (const std::string_view text : {"hello world, hello", "a,b\n1,2\n"}) {
    EXPECT_TRUE(contains(why(wide(text, 2, false)), "iconv -f UTF-16LE -t UTF-8"));
    EXPECT_TRUE(contains(why(wide(text, 2, true)), "iconv -f UTF-16BE -t UTF-8"));
    EXPECT_TRUE(contains(why(wide(text, 4, false)), "iconv -f UTF-32LE -t UTF-8"));
    EXPECT_TRUE(contains(why(wide(text, 4, true)), "iconv -f UTF-32BE -t UTF-8"));
    EXPECT_EQ(why(std::string(text)), "");
  }
  std::string cyrillic;  // zeros lie in the spaces alone
  for (int i = 0; i < 40; ++i) cyrillic += "\x3F\x04\x40\x04\x38\x04\x32\x04\x20\x00"sv;
  EXPECT_TRUE(contains(why(cyrillic), "UTF-16LE"));
  EXPECT_TRUE(contains(why("\xFF\xFEh\0"), "UTF-16"));
}

TEST(FileKinds, ATextWithSomeZerosIsAText) {
  EXPECT_FALSE(not_utf8_text("a list\0of names\0as find -print0\0prints them\0"sv));
  EXPECT_FALSE(not_utf8_text(""));
  for (const std::string_view shorter : {"BZh", "\x1F", "PK", "\x80\x04", "\x88\xD8\x34\x01"}) {
    (void)not_utf8_text(shorter);  // cut short
    (void)not_token_ids(shorter);
  }
  EXPECT_FALSE(not_utf8_text("é and 😀"));
}

TEST(FileKinds, AreRecognizedBySignature) {
  const std::string tar = std::string(257, '\0') + "ustar\0";
  for (const auto& [bytes, name] : {std::pair{"PK\3\4abcd"sv, "ZIP"},
                                    {"\x1F\x8B\x08\0\0\0\0\0\0\3rest"sv, "gzip"},
                                    {"\x28\xB5\x2F\xFD"sv, "zstd"},
                                    {"\xFD\x37zXZ\0"sv, "xz"},
                                    {"\x93NUMPY\1\0"sv, "NumPy"},
                                    {"\x89HDF\r\n\x1A\n"sv, "HDF5"},
                                    {std::string_view(tar), "tar"}}) {
    EXPECT_TRUE(contains(not_utf8_text(bytes).value_or(""), name)) << name;
    EXPECT_TRUE(contains(not_token_ids(bytes).value_or(""), name)) << name;
  }
  // These begin with letters, so a text may begin so.
  for (const auto& [bytes, name] : {std::pair{"PAR1\x15\x04\xFF"sv, "Parquet"},
                                    {"BZh91AY&SYD\xF7"sv, "bzip2"},
                                    {"%PDF-1.4\n%\xE2"sv, "PDF"}}) {
    EXPECT_FALSE(not_utf8_text(bytes)) << name;
    EXPECT_TRUE(contains(invalid_utf8_message(9, bytes, bytes, bytes.size() - 1), name));
    EXPECT_TRUE(contains(not_token_ids(bytes).value_or(""), name)) << name;
  }
}

TEST(FileKinds, TheAdviceForInvalidBytesFits) {
  const auto advice = [](std::string_view text, std::size_t at) {
    return invalid_utf8_message(at, text, text, at);
  };
  EXPECT_TRUE(contains(advice("it\x92s", 2),
                       "at byte offset 2; convert it, e.g. with iconv -f "
                       "WINDOWS-1252"));
  EXPECT_TRUE(contains(advice("caf\xE9 noir", 3), "iconv -f ISO-8859-1"));
  EXPECT_TRUE(contains(advice("café caf\xE9 noir", 9), "iconv -c -f UTF-8"));
  EXPECT_TRUE(contains(advice("café caf\xC3", 9), "cut within a character"));
}

TEST(FileKinds, TextIsNoTokenIds) {
  EXPECT_TRUE(contains(not_token_ids("hello world, this is a text.\nAnd more.").value_or(""),
                       "it is text, not token ids"));
  EXPECT_FALSE(not_token_ids("short")) << "may be ids by chance";
  EXPECT_FALSE(not_token_ids(std::string(64, '\1')));
  std::string llm_c(1024, '\0');
  llm_c.replace(0, 8, "\x88\xD8\x34\x01\x01\0\0\0"sv);
  EXPECT_TRUE(contains(not_token_ids(llm_c).value_or(""), "tail -c +1025"));
}

}  // namespace
}  // namespace millrace::datasets
