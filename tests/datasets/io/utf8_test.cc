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
           // A continuation without a start.
           "\x80"sv, "\xBF"sv, "\xC3"sv, "\xE2\x89"sv, "\xF0\xA3\x8E"sv,  // cut short
           // A start without its continuation.
           "\xC3("sv, "\xE2(\xA2"sv,
           // Longer than needed.
           "\xC0\x80"sv, "\xC1\xBF"sv, "\xE0\x9F\xBF"sv, "\xF0\x8F\xBF\xBF"sv, "\xED\xA0\x80"sv,
           "\xED\xBF\xBF"sv,                                          // surrogates
           "\xF4\x90\x80\x80"sv, "\xF8\x88\x80\x80\x80"sv, "\xFF"sv,  // beyond U+10FFFF
       }) {
    EXPECT_FALSE(decode_utf8(bad, 0)) << testing::PrintToString(bad);
  }
}

}  // namespace
}  // namespace millrace::datasets
