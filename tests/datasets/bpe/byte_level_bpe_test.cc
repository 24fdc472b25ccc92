// Byte-level BPE on small vocabularies, with results computed by hand.
#include "datasets/bpe/byte_level_bpe.h"

#include <gtest/gtest.h>

#include <numeric>

#include "datasets/bpe/bpe_encoder.h"
#include "datasets/bpe/bpe_files.h"
#include "datasets/bpe/byte_alphabet.h"

namespace millrace::datasets {
namespace {

using Ids = std::vector<std::uint32_t>;

/// GPT-2's 256 bytes, these merges, <|endoftext|>.
BpeParts parts_of(const std::string& merges) { return parse_vocab_bpe("#version: 0.2\n" + merges); }

/// The tokens of a text, as they are spelled.
std::vector<std::string> spelled(const ByteLevelBpe& bpe, std::string_view text,
                                 Specials specials = Specials::kAsText) {
  std::vector<std::string> tokens;
  for (const std::uint32_t id : bpe.encode(text, specials)) tokens.push_back(bpe.vocabulary()[id]);
  return tokens;
}

using Tokens = std::vector<std::string>;

std::string error_of(BpeParts parts) {
  try {
    const ByteLevelBpe bpe(std::move(parts));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(ByteLevelBpe, MergesTheEarliestPairFirst) {
  // "lower": l o w e r -> l o w er -> lo w er -> low er
  const ByteLevelBpe bpe(parts_of("e r\nl o\nlo w\n"));
  EXPECT_EQ(spelled(bpe, "lower"), (Tokens{"low", "er"}));
  // If "w e" merges first, "er" never occurs.
  const ByteLevelBpe other(parts_of("w e\ne r\nl o\nlo w\n"));
  EXPECT_EQ(spelled(other, "lower"), (Tokens{"lo", "we", "r"}));
}

TEST(ByteLevelBpe, OfEqualPairsTheLeftmostIsMerged) {
  const ByteLevelBpe bpe(parts_of("a a\n"));
  EXPECT_EQ(spelled(bpe, "aaaaa"), (Tokens{"aa", "aa", "a"}));
}

TEST(ByteLevelBpe, DoesNotMergeBeyondAWord) {
  const ByteLevelBpe bpe(parts_of("a Ġ\nĠ a\na 1\n"));
  EXPECT_EQ(spelled(bpe, "a a a1"), (Tokens{"a", "Ġa", "Ġa", "1"}));
}

TEST(ByteLevelBpe, WithoutThePatternAPieceIsOneWord) {
  BpeParts parts = parts_of("a Ġ\n");
  parts.use_regex = false;
  EXPECT_EQ(spelled(ByteLevelBpe(parts), "a a"), (Tokens{"aĠ", "a"}));
}

TEST(ByteLevelBpe, IdsAreGpt2s) {
  const ByteLevelBpe bpe(parts_of("a b\n"));
  EXPECT_EQ(bpe.vocab_size(), 258U);
  EXPECT_EQ(bpe.encode("!ab\n"), (Ids{0, 256, 198}));  // 198 is GPT-2's newline
  EXPECT_EQ(bpe.end_of_text(), 257U);
  EXPECT_EQ(bpe.find("ab"), 256U);
  EXPECT_FALSE(bpe.find("ba"));
}

TEST(ByteLevelBpe, DecodesEveryByteAndWhatItEncoded) {
  const ByteLevelBpe bpe(parts_of("Ã ©\nĠ Ã©\n"));
  Ids all(256);
  std::iota(all.begin(), all.end(), 0U);
  const std::string bytes = bpe.decode(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(static_cast<std::uint8_t>(bytes[i]), byte_alphabet()[i]);
  }
  const std::string text = "un café é  語\n😀\u00a0";
  EXPECT_EQ(bpe.decode(bpe.encode(text)), text);
  EXPECT_EQ(bpe.decode({}), "");
  EXPECT_TRUE(bpe.encode("").empty());
}

TEST(ByteLevelBpe, ShowsPartsOfCharactersAsReplacements) {
  const ByteLevelBpe bpe(parts_of(""));
  const Ids ids = bpe.encode("語!");
  EXPECT_EQ(bpe.decode_text(std::span(ids).first(2)), "\uFFFD");
  EXPECT_EQ(bpe.decode_text(std::span(ids).last(2)), "\uFFFD!");
}

TEST(ByteLevelBpe, RefusesIdsOutsideTheVocabularyWithTheirPlace) {
  const ByteLevelBpe bpe(parts_of(""));
  try {
    (void)bpe.decode(Ids{1, 2, 257});
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "token id 257 at position 2 is outside the vocabulary of 257 tokens; these ids "
                 "are another tokenizer's");
  }
}

TEST(ByteLevelBpe, RefusesWhatIsNotUtf8WithItsPlaceAndAppendsNothing) {
  const ByteLevelBpe bpe(parts_of(""));
  BpeEncoder encoder(bpe);
  Ids ids{7};
  try {
    encoder.append("é\xE9", Specials::kAsText, ids);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(
        error.what(),
        "not valid UTF-8 at byte offset 2; convert it, e.g. with iconv -f ISO-8859-1 -t UTF-8");
  }
  EXPECT_EQ(ids, Ids{7});
}

TEST(ByteLevelBpe, RefusesAByteThatHasNoToken) {
  BpeParts parts;
  parts.vocabulary = {"a", "b", "Ġ"};
  const ByteLevelBpe bpe(parts);
  EXPECT_EQ(bpe.encode("a b"), (Ids{0, 2, 1}));
  try {
    (void)bpe.encode("ab c");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "the byte 0x63 at byte offset 3 has no token in this vocabulary; train the "
                 "tokenizer with all 256 bytes as its "
                 "initial alphabet");
  }
}

TEST(ByteLevelBpe, SpecialTokensAreTextUnlessAskedFor) {
  const ByteLevelBpe bpe(parts_of("| >\n"));
  EXPECT_EQ(bpe.encode("a<|endoftext|>b", Specials::kRecognised), (Ids{64, 257, 65}));
  EXPECT_EQ(spelled(bpe, "<|endoftext|>", Specials::kAsText).size(), 12U);
  EXPECT_EQ(bpe.decode(Ids{257}), "<|endoftext|>");
}

BpeParts with_added(std::vector<AddedToken> added) {
  BpeParts parts = parts_of("");
  parts.added = std::move(added);
  return parts;
}

TEST(ByteLevelBpe, OfAddedTokensTheLongestWinsAndThoseNotNormalizedComeFirst) {
  const ByteLevelBpe bpe(
      with_added({{"ab", 256}, {"abc", 257}, {"bcd", 258, false, true}, {"d", 67, false, true}}));
  EXPECT_EQ(bpe.encode("abcd"), (Ids{257, 67}));
  EXPECT_EQ(bpe.encode("xbcd"), (Ids{87, 258}));
  EXPECT_EQ(bpe.encode("abab"), (Ids{256, 256}));
}

TEST(ByteLevelBpe, ASpecialTokenThatIsTextHidesOthersInIt) {
  const ByteLevelBpe bpe(with_added({{"<xy>", 256, true}, {"xy", 257}}));
  EXPECT_EQ(bpe.encode("xy<xy>", Specials::kRecognised), (Ids{257, 256}));
  EXPECT_EQ(spelled(bpe, "xy<xy>xy", Specials::kAsText), (Tokens{"xy", "<", "x", "y", ">", "xy"}));
}

TEST(ByteLevelBpe, APrefixSpaceComesBeforeEveryPieceThatHasNone) {
  BpeParts parts = parts_of("Ġ a\n");
  parts.add_prefix_space = true;
  const ByteLevelBpe bpe(parts);
  EXPECT_EQ(spelled(bpe, "a"), (Tokens{"Ġa"}));
  EXPECT_EQ(spelled(bpe, " a"), (Tokens{"Ġa"}));
  EXPECT_EQ(spelled(bpe, "\na"), (Tokens{"Ġ", "Ċ", "a"}));
  EXPECT_EQ(spelled(bpe, "a<|endoftext|>a", Specials::kRecognised),
            (Tokens{"Ġa", "<|endoftext|>", "Ġa"}));
  EXPECT_TRUE(bpe.encode("").empty());
}

TEST(ByteLevelBpe, AWordThatIsATokenNeedsNoMergesWhereTheyAreIgnored) {
  BpeParts parts = parts_of("a b\nab c\n");
  parts.vocabulary.push_back("cab");
  parts.added.clear();
  EXPECT_EQ(spelled(ByteLevelBpe(parts), "cab"), (Tokens{"c", "ab"}));
  parts.ignore_merges = true;
  EXPECT_EQ(spelled(ByteLevelBpe(parts), "cab cabc"), (Tokens{"cab", "Ġ", "c", "abc"}));
}

TEST(ByteLevelBpe, ALongTextComesInPiecesThatAreTheSame) {
  const ByteLevelBpe bpe(parts_of("a b\n"));
  std::string text;
  for (int i = 0; i < 60000; ++i) text += i % 7 == 0 ? " ab" : "cd\n";
  Ids in_pieces;
  std::size_t pieces = 0;
  BpeEncoder(bpe).encode(text, Specials::kAsText, [&](std::span<const std::uint32_t> ids) {
    in_pieces.insert(in_pieces.end(), ids.begin(), ids.end());
    ++pieces;
  });
  EXPECT_GT(pieces, 1U);
  EXPECT_EQ(in_pieces, bpe.encode(text));
}

TEST(ByteLevelBpe, ALongWordIsMergedInItsTime) {
  const ByteLevelBpe bpe(parts_of("a a\naa aa\naaaa aaaa\n"));
  EXPECT_EQ(bpe.encode(std::string(1 << 20, 'a')), Ids(1 << 17, 258));
}

TEST(ByteLevelBpe, TheHashIsOfWhatDecidesAnId) {
  const auto hash = [](const BpeParts& parts) { return ByteLevelBpe(parts).hash(); };
  const BpeParts parts = parts_of("a b\nc d\n");
  EXPECT_EQ(hash(parts), hash(parts));
  EXPECT_NE(hash(parts), hash(parts_of("c d\na b\n")));
  BpeParts other = parts;
  other.add_prefix_space = true;
  EXPECT_NE(hash(parts), hash(other));
  other = parts;
  other.added.front().special = false;
  EXPECT_NE(hash(parts), hash(other));
}

TEST(ByteLevelBpe, RefusesPartsThatDoNotFit) {
  BpeParts parts;
  EXPECT_EQ(error_of(parts), "the vocabulary is empty");
  parts.vocabulary = {"a", "b"};
  parts.merges = {{"a", "b"}};
  EXPECT_EQ(error_of(parts), "merge 1 ('a b') needs the token 'ab', which the vocabulary lacks");
  parts.vocabulary = {"a", "ab"};
  EXPECT_EQ(error_of(parts), "merge 1 ('a b') needs the token 'b', which the vocabulary lacks");
  parts.vocabulary = {"a", "b", "a"};
  EXPECT_EQ(error_of(parts), "the token 'a' is there twice");
  parts.vocabulary = {"a", "b"};
  parts.merges.clear();
  parts.added = {{"x", 5}};
  EXPECT_EQ(error_of(parts), "the added token 'x' has the id 5, and the next one is 2");
  parts.added = {{"b", 0}};
  EXPECT_EQ(error_of(parts), "the added token 'b' has the id 0, and the vocabulary gives it 1");
  parts.added = {{"x", 2}, {"x", 2}};
  EXPECT_EQ(error_of(parts), "the added token 'x' is there twice");
  parts.added = {{"", 2}};
  EXPECT_EQ(error_of(parts), "an added token is empty");
  parts.vocabulary = {"a", "é"};  // the byte 0xE9
  parts.added = {{"é", 1}};
  EXPECT_EQ(error_of(parts),
            "the added token 'é' is spelled like a token of other bytes, so that decoding could "
            "not tell them apart");
  EXPECT_EQ(error_of(parts_of("a b\nab c\na bc\nb c\n")), "the token 'abc' is there twice");
}

}  // namespace
}  // namespace millrace::datasets
