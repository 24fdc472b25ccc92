// Vocabularies of characters: vocab.json, and the three treatments of characters that they lack.
#include "datasets/characters/character_vocabulary.h"

#include <gtest/gtest.h>

#include "config/errors.h"
#include "proto/files.h"
#include "tests/datasets/text_files.h"
#include "tests/support/captured_log.h"

namespace millrace::datasets {
namespace {

using testing::contains;
using testing::ids_of;
using testing::message_of;
using testing::spelled;
using Ids = std::vector<std::uint32_t>;
using Tokens = std::vector<std::string>;

constexpr Shares kAll{0, 0};

TEST(ParseVocabulary, TakesCharactersByTheirIds) {
  EXPECT_EQ(parse_vocabulary(R"({"b": 1, "é": 0, "[UNK]": 3, "\n": 2})", "v.json"),
            (Tokens{"é", "b", "\n", "[UNK]"}));
}

TEST(ParseVocabulary, RefusesEverythingElse) {
  const auto refused = [](std::string_view json) {
    return message_of<std::runtime_error>([&] { (void)parse_vocabulary(json, "v.json"); });
  };
  EXPECT_TRUE(contains(refused("{"),
                       "v.json: not valid JSON; a vocabulary is an object from characters to ids"));
  EXPECT_TRUE(contains(refused("[1]"), "not a JSON object with characters in it"));
  EXPECT_TRUE(contains(refused("{}"), "not a JSON object with characters in it"));
  EXPECT_TRUE(contains(refused(R"({"a": 0, "b": 0})"), "'a' and 'b' have the same id, 0"));
  EXPECT_TRUE(
      contains(refused(R"({"a": 0, "b": 2})"), "'b' has id 2, and 2 tokens have the ids 0 to 1"));
  EXPECT_TRUE(contains(refused(R"({"a": 0, "bc": 1})"), "'bc' is not one character, nor [UNK]"));
  EXPECT_TRUE(contains(refused(R"({"a": 0, "": 1})"), "'' is not one character"));
  EXPECT_TRUE(contains(refused(R"({"a": -1})"), "the id of 'a' is -1, not a whole number"));
  EXPECT_TRUE(contains(refused(R"({"a": "0"})"), "the id of 'a' is \"0\", not a whole number"));
  EXPECT_TRUE(contains(refused(R"({"a": 0, "a": 1})"), "'a' is in it twice"));
}

TEST(SaveVocabulary, IsReadBack) {
  const testing::TemporaryFolder folder;
  const Tokens tokens{"\n", "\"", "\\", "é", "😀", "[UNK]"};
  save_vocabulary(folder / "v.json", tokens);
  EXPECT_EQ(load_vocabulary(folder / "v.json", true).vocabulary().tokens, tokens);
}

class VocabularyOf : public testing::DatasetFiles {
 protected:
  SetOptions with(const std::string& json, UnknownCharacters unknown = UnknownCharacters::kError) {
    return {.shares = kAll, .vocabulary = write("v.json", json), .unknown = unknown};
  }
};

TEST_F(VocabularyOf, AFileDecidesTheIds) {
  const auto text =
      this->text({.path = write("t.txt", "abc")}, with(R"({"c": 0, "b": 1, "a": 2, "x": 3})"));
  EXPECT_EQ(ids_of(*text), (Ids{2, 1, 0}));
  EXPECT_EQ(text->vocabulary().size, 4U);
}

TEST_F(VocabularyOf, IsPartOfTheHashWhereItDiffersFromTheTextsOwn) {
  const std::string file = write("t.txt", "abc");
  const std::string own = text({.path = file})->hash();
  EXPECT_EQ(text({.path = file}, with(R"({"a": 0, "b": 1, "c": 2})"))->hash(), own);
  const std::string other = text({.path = file}, with(R"({"b": 0, "a": 1, "c": 2})"))->hash();
  EXPECT_NE(other, own);
  EXPECT_NE(text({.path = file}, with(R"({"a": 0, "b": 1, "c": 2, "d": 3})"))->hash(), own);
  EXPECT_NE(text({.path = file}, with(R"({"a": 0, "b": 1, "c": 2, "d": 3})"))->hash(), other);
}

TEST_F(VocabularyOf, UnknownCharactersAreAnErrorUnlessSaidOtherwise) {
  const std::string file = write("t.txt", "abéabéž");
  EXPECT_TRUE(contains(error({.path = file}, with(R"({"a": 0, "b": 1})")),
                       "t.txt: 3 of its characters are not in " + path("v.json") +
                           " (2 different ones), the first is 'é' (U+00E9) at byte offset 2; "
                           "choose what becomes of them with "
                           "--data.unknown=replace or --data.unknown=drop"));
}

TEST_F(VocabularyOf, UnknownCharactersAreReplaced) {
  const testing::CapturedLog log;
  const std::string file = write("t.txt", "abéa\n");
  const auto added = text({.path = file}, with(R"({"a": 0, "b": 1})", UnknownCharacters::kReplace));
  EXPECT_EQ(ids_of(*added), (Ids{0, 1, 2, 0, 2}));
  EXPECT_EQ(added->vocabulary().tokens, (Tokens{"a", "b", "[UNK]"}));
  EXPECT_EQ(log.count("[UNK] stands for them"), 1);
  EXPECT_EQ(ids_of(*text({.path = file},
                         with(R"({"[UNK]": 0, "a": 2, "b": 1})", UnknownCharacters::kReplace))),
            (Ids{2, 1, 0, 2, 0}));
}

/// The newline that joins documents is one of the characters.
TEST_F(VocabularyOf, MayEndBeforeTheNewline) {
  const auto left =
      text({.path = write("t.jsonl", "{\"t\":\"a\\t\"}\n{\"t\":\"\\tb\"}\n"), .column = "t"},
           with(R"({"\t": 0})", UnknownCharacters::kDrop));
  EXPECT_EQ(spelled(*left), "\t\t");
}

TEST_F(VocabularyOf, UnknownCharactersAreLeftOut) {
  const testing::CapturedLog log;
  const std::string file = write("t.txt", "aébéa\n");
  const auto dropped = text({.path = file}, with(R"({"a": 0, "b": 1})", UnknownCharacters::kDrop));
  EXPECT_EQ(spelled(*dropped), "aba");
  EXPECT_EQ(log.count("3 of its characters are not in"), 1);
  EXPECT_EQ(log.count("they are left out"), 1);
  EXPECT_EQ(dropped->hash(), text({.path = write("u.txt", "aba")}, {.shares = kAll})->hash());
  EXPECT_TRUE(contains(error({.path = file}, with(R"({"x": 0})", UnknownCharacters::kDrop)),
                       "the text is empty"));
}

TEST_F(VocabularyOf, DocumentsAreJoinedByNewlinesThatTheVocabularyHas) {
  const testing::CapturedLog log;
  const std::string file = write("t.csv", "text\naéb\né\nba\n");
  EXPECT_EQ(spelled(*text({.path = file},
                          with(R"({"a": 0, "b": 1, "\n": 2})", UnknownCharacters::kDrop))),
            "ab\nba");
  EXPECT_EQ(spelled(*text({.path = file}, with(R"({"a": 0, "b": 1})", UnknownCharacters::kDrop))),
            "abba");
}

TEST_F(VocabularyOf, AMissingFileSaysHowToSaveOne) {
  EXPECT_TRUE(contains(error({.path = write("t.txt", "a")}, {.vocabulary = path("none.json")}),
                       "none.json: there is no such vocabulary (data.vocabulary); save one with "
                       "inspect stream CONFIG"));
}

TEST_F(VocabularyOf, SeveralDatasetsShareTheUnion) {
  const Datasets both = open(
      {{.path = write("a.txt", "caé")}, {.path = write("b.csv", "text\nbc\n")}}, {.shares = kAll});
  EXPECT_EQ(both.vocabulary.tokens, (Tokens{"a", "b", "c", "é"}));
  EXPECT_EQ(both.name, "a.txt+b.csv");
  ASSERT_EQ(both.parts.size(), 2U);
  EXPECT_EQ(spelled(*both.parts[0].text), "caé");
  EXPECT_EQ(ids_of(*both.parts[1].text), (Ids{1, 2}));
  EXPECT_EQ(both.parts[1].text->vocabulary(), both.vocabulary);
  const Datasets one = open({{.path = path("a.txt")}}, {.shares = kAll});
  EXPECT_NE(one.parts[0].text->hash(), both.parts[0].text->hash());
  EXPECT_EQ(one.hash, one.parts[0].text->hash());
  const Datasets swapped =
      open({{.path = path("b.csv")}, {.path = path("a.txt")}}, {.shares = kAll});
  EXPECT_NE(swapped.hash, both.hash);
}

TEST_F(VocabularyOf, OptionsThatDoNotGoTogetherAreRefused) {
  EXPECT_TRUE(contains(error<config::UsageError>({.path = write("t.txt", "a")},
                                                 {.tokenizer = "t", .vocabulary = "v"}),
                       "set one of the two"));
}

}  // namespace
}  // namespace millrace::datasets
