// The notation, and what is derived from rules against sums over all texts of small grammars.
#include "providers/grammar/grammar.h"

#include <cmath>
#include <map>
#include <numbers>
#include <set>

#include <gtest/gtest.h>

#include "tests/providers/grammar/prefix_graph.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

struct Derivation {
  std::string text;
  double probability = 1;
};

std::vector<Derivation> derivations(const Grammar& grammar, std::size_t rule);

/// Each of the beginnings followed by each text of the part.
std::vector<Derivation> continued(const Grammar& grammar, const std::vector<Derivation>& beginnings,
                                  const Grammar::Part& part) {
  std::vector<Derivation> ends = {{part.text, 1}};
  if (part.rule) ends = derivations(grammar, *part.rule);
  std::vector<Derivation> all;
  for (const Derivation& beginning : beginnings) {
    for (Derivation end : ends) {
      if (part.capital) end.text[0] = static_cast<char>(std::toupper(end.text[0]));
      all.push_back({beginning.text + end.text, beginning.probability * end.probability});
    }
  }
  return all;
}

/// All derivations of a rule, one by one.
std::vector<Derivation> derivations(const Grammar& grammar, std::size_t rule) {
  const Grammar::Rule& from = grammar.rules()[rule];
  std::vector<Derivation> all;
  for (const Grammar::Alternative& alternative : from.alternatives) {
    std::vector<Derivation> some = {{{}, 1.0 * alternative.weight / from.total}};
    for (const Grammar::Part& part : alternative.parts) some = continued(grammar, some, part);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::string line_of(const Grammar& grammar, std::vector<std::uint32_t> words) {
  words.resize(std::max<std::size_t>(words.size(), grammar.most_words()));
  std::string text;
  grammar.append_line(words, text);
  return text;
}

constexpr std::string_view kAnimals = R"(
line:
  3 {Animal} sleeps. | Rain fell on {town}.
  2 "{Town}?" asked {animal} from {town}.
  {Town} is where {animal} sleeps.
  In {town}, {town} is mentioned.

animal:
  the cat | 2 the dog | {colour} owl
colour:
  an old | a {town}
town:
  3 alder Bridge | alder
)";

TEST(Grammar, ReadsItsNotation) {
  const Grammar grammar(kAnimals);
  ASSERT_EQ(grammar.rules().size(), 4U);
  EXPECT_EQ(grammar.rules()[1].name, "animal");
  EXPECT_EQ(grammar.rules()[1].total, 4U);
  EXPECT_EQ(grammar.rules()[0].total, 8U);
  EXPECT_EQ(grammar.most_words(), 6U);  // for a line, three towns, an animal and a colour
}

TEST(Grammar, ChoosesByTheTopBitsOfAWordFromLeftToRight) {
  const Grammar grammar(kAnimals);
  EXPECT_EQ(line_of(grammar, {0x5fffffff, 0x3fffffff}), "The cat sleeps.\n");
  EXPECT_EQ(line_of(grammar, {0x5fffffff, 0x40000000}), "The dog sleeps.\n");
  EXPECT_EQ(line_of(grammar, {0x60000000, 0xbfffffff}), "Rain fell on alder Bridge.\n");
  EXPECT_EQ(line_of(grammar, {0x60000000, 0xc0000000}), "Rain fell on alder.\n");
  EXPECT_EQ(line_of(grammar, {0x80000000, 0xffffffff, 0xc0000000, 0x80000000, 0xffffffff, 0}),
            "\"Alder?\" asked a alder owl from alder Bridge.\n");
}

TEST(Grammar, PutsTheFirstLetterInUpperCaseWhereverItComesFrom) {
  const Grammar grammar("line:\n  {A} {a}\na:\n  {b}!\nb:\n  {C}\nc:\n  word\n");
  EXPECT_EQ(line_of(grammar, {}), "Word! Word!\n");
  const Grammar lower("line:\n  {A} {a}\na:\n  {b}!\nb:\n  {c}\nc:\n  word\n");
  EXPECT_EQ(line_of(lower, {}), "Word! word!\n");
}

TEST(Grammar, TakesANumberForAWeightOnlyInFrontOfAText) {
  const Grammar grammar("line:\n  1 2 | 3rd | 4 | 1 b\n   \n");
  EXPECT_EQ(grammar.rules()[0].total, 4U);
  EXPECT_EQ(line_of(grammar, {0x00000000}), "2\n");
  EXPECT_EQ(line_of(grammar, {0x40000000}), "3rd\n");
  EXPECT_EQ(line_of(grammar, {0x80000000}), "4\n");
  EXPECT_EQ(line_of(grammar, {0xc0000000}), "b\n");
}

TEST(Grammar, KnowsTheEntropyOfAChoice) {
  const Grammar grammar("line:\n  2 aaa | b | c\n");
  EXPECT_DOUBLE_EQ(grammar.line_entropy_nats(), 1.5 * std::numbers::ln2);
  EXPECT_EQ(grammar.line_characters(), 3);
  EXPECT_DOUBLE_EQ(grammar.entropy_rate_nats(), 0.5 * std::numbers::ln2);
}

TEST(Grammar, KnowsItsEntropyAndLength) {
  const Grammar grammar(kAnimals);
  double total = 0;
  double nats = 0;
  double characters = 0;
  std::set<std::string> texts;
  for (const Derivation& each : derivations(grammar, 0)) {
    total += each.probability;
    nats -= each.probability * std::log(each.probability);
    characters += each.probability * static_cast<double>(each.text.size() + 1);
    EXPECT_TRUE(texts.insert(each.text).second) << each.text;
  }
  EXPECT_EQ(total, 1);
  EXPECT_NEAR(grammar.line_entropy_nats(), nats, 1e-12);
  EXPECT_NEAR(grammar.line_characters(), characters, 1e-12);
}

TEST(PrefixGraph, SumsOverAllLines) {
  const Grammar grammar(kAnimals);
  const PrefixGraph graph(grammar);
  const PrefixGraph::Node& start = graph.nodes()[graph.start()];
  const std::vector<Derivation> all = derivations(grammar, 0);
  double nats = 0;
  double squared = 0;
  double characters = 0;
  for (const Derivation& each : all) {
    const double surprise = -std::log(each.probability);
    nats += each.probability * surprise;
    squared += each.probability * surprise * surprise;
    characters += each.probability * static_cast<double>(each.text.size() + 1);
  }
  EXPECT_NEAR(start.total, 1, 1e-15);
  EXPECT_NEAR(start.nats, nats, 1e-12);
  EXPECT_NEAR(start.squared_nats, squared, 1e-12);
  EXPECT_NEAR(start.characters, characters, 1e-12);
  EXPECT_EQ(start.texts, all.size());
  EXPECT_FALSE(graph.is_ambiguous());
}

// "abc" is a and bc, or ab and c: less entropy than that of the choices.
TEST(PrefixGraph, FindsALineWithTwoDerivations) {
  const Grammar grammar("line:\n  {x}{y}\nx:\n  a | ab\ny:\n  bc | c\n");
  const PrefixGraph graph(grammar);
  EXPECT_TRUE(graph.is_ambiguous());
  EXPECT_EQ(graph.nodes()[graph.start()].texts, 3U);
  EXPECT_DOUBLE_EQ(graph.nodes()[graph.start()].nats, 1.5 * std::numbers::ln2);
  EXPECT_DOUBLE_EQ(grammar.line_entropy_nats(), 2 * std::numbers::ln2);
}

TEST(PrefixGraph, LetsPrefixesHaveSeveralDerivations) {
  const Grammar grammar("line:\n  {x}{y}\nx:\n  a | ab\ny:\n  bd | c\n");
  const PrefixGraph graph(grammar);
  EXPECT_FALSE(graph.is_ambiguous());
  EXPECT_EQ(graph.nodes()[graph.start()].texts, 4U);
}

TEST(Grammar, RefusesWhatIsNone) {
  using Error = std::invalid_argument;
  expect_error<Error>([] { Grammar("\n"); }, {"no rules"});
  expect_error<Error>([] { Grammar("  a\nline:\n  a\n"); }, {"begins with '  a'"});
  expect_error<Error>([] { Grammar("line:\n  2 a | b\n"); },
                      {"rule 'line'", "add up to 3, not to a power of two"});
  expect_error<Error>([] { Grammar("line:\n"); }, {"rule 'line'", "add up to 0"});
  expect_error<Error>([] { Grammar("line:\n  {a}\n"); }, {"rule 'line'", "refers to 'a'"});
  expect_error<Error>([] { Grammar("line:\n  {a}\na:\n  {line}\n"); },
                      {"rule 'a'", "refers to 'line', and there is no such rule below it"});
  expect_error<Error>([] { Grammar("line:\n  a{line}\n"); }, {"refers to 'line'"});
  expect_error<Error>([] { Grammar("line:\n  {}\n"); }, {"refers to ''"});
  expect_error<Error>([] { Grammar("line:\n  a | 2 \n"); }, {"without a text"});
  expect_error<Error>([] { Grammar("line:\n  a | 0 b\n"); }, {"without a weight"});
  expect_error<Error>([] { Grammar("line:\n  a\nline:\n  b\n"); }, {"'line': is there twice"});
}

}  // namespace
}  // namespace millrace::providers
