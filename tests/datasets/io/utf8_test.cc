// The UTF-8 decoder: every code point, and every kind of invalid bytes.
#include "datasets/io/utf8.h"

#include <gtest/gtest.h>

namespace millrace::datasets {
namespace {

TEST(Utf8, RoundTripsEveryCodePoint) {
  for (char32_t c = 0; c < kCodePoints; ++c) {
    if (c == 0xD800) c = 0xE000;  // surrogates are no characters
    const std::string bytes = encode_utf8(c);
    const auto decoded = decode_utf8(bytes, 0);
    ASSERT_TRUE(decoded) << static_cast<std::uint32_t>(c);
    ASSERT_EQ(decoded->code_point, c);
    ASSERT_EQ(decoded->bytes, bytes.size());
  }
}

TEST(Utf8, KnowsTheStandardsExamples) {  // RFC 3629, section 7
  EXPECT_EQ(encode_utf8(U'A'), "A");
  EXPECT_EQ(encode_utf8(0x2262), "\xE2\x89\xA2");
  EXPECT_EQ(encode_utf8(0x233B4), "\xF0\xA3\x8E\xB4");
}

TEST(Utf8, RefusesWhatTheStandardForbids) {
  using namespace std::string_view_literals;
  for (const std::string_view bad : {
           // Continuations without a first byte.
           "\x80"sv,
           "\xBF"sv,
           // Cut short.
           "\xC3"sv,
           "\xE2\x89"sv,
           "\xF0\xA3\x8E"sv,
           // First bytes without a continuation.
           "\xC3("sv,
           "\xE2(\xA2"sv,
           // Longer than needed.
           "\xC0\x80"sv,
           "\xC1\xBF"sv,
           "\xE0\x9F\xBF"sv,
           "\xF0\x8F\xBF\xBF"sv,
           // Surrogates.
           "\xED\xA0\x80"sv,
           "\xED\xBF\xBF"sv,
           // Above U+10FFFF.
           "\xF4\x90\x80\x80"sv,
           "\xF8\x88\x80\x80\x80"sv,
           "\xFF"sv,
       }) {
    EXPECT_FALSE(decode_utf8(bad, 0)) << testing::PrintToString(bad);
    EXPECT_EQ(find_invalid_utf8("twelve bytes" + std::string(bad)), 12U);
  }
  EXPECT_EQ(find_invalid_utf8("né\n😀 and more"), std::string_view("né\n😀 and more").size());
}

TEST(Utf8, FindsTheStartOfAnIncompleteCharacterAtTheEnd) {
  const std::string text = "a\xC3\xA9\xE2\x89\xA2\xF0\xA3\x8E\xB4";  // 1, 2, 3 and 4 bytes
  const std::size_t expected[] = {0, 0, 1, 0, 1, 2, 0, 1, 2, 3, 0};
  for (std::size_t length = 0; length <= text.size(); ++length) {
    EXPECT_EQ(incomplete_utf8_bytes(text.substr(0, length)), expected[length]) << length;
  }
}

}  // namespace
}  // namespace millrace::datasets
