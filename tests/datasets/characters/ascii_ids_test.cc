// Tokens of ASCII characters: the vector loop for one byte against the plain loops for two and
// four.
#include "datasets/characters/ascii_ids.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace::datasets {
namespace {

/// Every second character is known, and the last one; ids are not sorted.
AsciiIds some_ids() {
  AsciiIds ids;
  for (std::size_t c = 0; c < kAsciiCharacters; ++c) {
    const auto id = static_cast<std::uint8_t>(c * 37 % 251);
    ids.known[c] = c % 2 == 1;
    ids.narrow[c] = id;
    ids.middle[c] = id;
    ids.wide[c] = id;
  }
  return ids;
}

std::string known_text(std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) {
    text.push_back(static_cast<char>(i * 29 % kAsciiCharacters | 1));
  }
  return text;
}

/// Whether all characters are known, and their tokens. Expects nothing to be written behind them.
template <class Token>
std::pair<bool, std::vector<std::uint32_t>> tokens_of(const std::string& text,
                                                      const AsciiIds& ids) {
  constexpr Token kUntouched = 255;
  std::vector<Token> out(text.size() + 70, kUntouched);
  const bool good = to_tokens(text, ids, std::span(out).first(text.size()));
  for (std::size_t i = text.size(); i < out.size(); ++i) EXPECT_EQ(out[i], kUntouched) << i;
  return {good, {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(text.size())}};
}

TEST(AsciiIds, OfEveryLength) {
  const AsciiIds ids = some_ids();
  for (std::size_t length = 0; length < 200; ++length) {
    const std::string text = known_text(length);
    std::vector<std::uint32_t> wanted;
    for (const char c : text) wanted.push_back(static_cast<std::uint32_t>(c) * 37 % 251);
    const std::pair expected{true, wanted};
    EXPECT_EQ(tokens_of<std::uint8_t>(text, ids), expected) << length;
    EXPECT_EQ(tokens_of<std::uint16_t>(text, ids), expected) << length;
    EXPECT_EQ(tokens_of<std::uint32_t>(text, ids), expected) << length;
  }
}

TEST(AsciiIds, AByteThatIsNotKnownIsFoundWhereverItIs) {
  const AsciiIds ids = some_ids();
  for (const char bad : {'\x00', '\x10', '\x7e', '\x80', '\xff'}) {
    for (std::size_t at = 0; at < 150; ++at) {
      std::string text = known_text(150);
      text[at] = bad;
      EXPECT_FALSE(tokens_of<std::uint8_t>(text, ids).first) << at;
      EXPECT_FALSE(tokens_of<std::uint16_t>(text, ids).first) << at;
    }
  }
}

}  // namespace
}  // namespace millrace::datasets
