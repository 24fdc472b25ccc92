// The built-in text: its entropy against a sum over all of its lines, its bytes, its English.
#include "providers/grammar/english.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iterator>
#include <numbers>
#include <numeric>
#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "proto/digest.h"
#include "proto/files.h"
#include "providers/registry.h"
#include "providers/windows/open_datasets.h"
#include "tests/providers/grammar/masked_nats.h"
#include "tests/providers/grammar/prefix_graph.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using Node = PrefixGraph::Node;

const PrefixGraph& graph() {
  static const PrefixGraph graph(english());
  return graph;
}

const Node& start() { return graph().nodes()[graph().start()]; }

const std::string& text() {
  static const std::string text = english_text(kBuiltInCharacters);
  return text;
}

/// How many derivations a rule has.
std::uint64_t derivations(const Grammar::Rule& rule) {
  std::uint64_t all = 0;
  for (const Grammar::Alternative& alternative : rule.alternatives) {
    std::uint64_t some = 1;
    for (const Grammar::Part& part : alternative.parts) {
      some *= part.rule ? derivations(english().rules()[*part.rule]) : 1;
    }
    all += some;
  }
  return all;
}

TEST(English, HasNoLineWithTwoDerivations) {
  EXPECT_FALSE(graph().is_ambiguous());
  EXPECT_EQ(start().texts, derivations(english().rules().front()));
}

TEST(English, KnowsItsEntropyAndLength) {
  EXPECT_NEAR(start().total, 1, 1e-12);
  EXPECT_NEAR(start().nats, english().line_entropy_nats(), 1e-12);
  EXPECT_NEAR(start().characters, english().line_characters(), 1e-12);
}

TEST(English, IsWorthLearning) {
  EXPECT_GT(english().entropy_rate_nats(), 0.2);
  // The text has a small part of the likely lines, so that val is not learnt by heart.
  const double lines = kBuiltInCharacters / english().line_characters();
  EXPECT_GT(std::exp(english().line_entropy_nats()), 10'000 * lines);
  EXPECT_LE(start().longest, 200U);
}

TEST(English, UsesEveryRule) {
  std::set<std::size_t> used = {0};
  for (const Grammar::Rule& rule : english().rules()) {
    for (const Grammar::Alternative& alternative : rule.alternatives) {
      for (const Grammar::Part& part : alternative.parts) used.insert(part.rule.value_or(0));
    }
  }
  EXPECT_EQ(used.size(), english().rules().size());
}

/// The text's way through the graph, as (node, number of the edge).
std::vector<std::pair<std::uint32_t, std::size_t>> way() {
  std::vector<std::pair<std::uint32_t, std::size_t>> taken;
  std::uint32_t at = graph().start();
  for (const char c : text()) {
    const auto& next = graph().nodes()[at].next;
    const auto edge = std::ranges::find(next, c, &PrefixGraph::Edge::character);
    if (edge == next.end()) {
      ADD_FAILURE() << "a line that the grammar does not have";
      break;
    }
    taken.emplace_back(at, edge - next.begin());
    at = edge->to == PrefixGraph::kEnd ? graph().start() : edge->to;
  }
  return taken;
}

// Of every character whose prefix is frequent enough for its count to be nearly normal.
TEST(English, GeneratesTextWithItsProbabilities) {
  constexpr double kEnough = 200;
  std::vector<std::vector<double>> counts;
  for (const Node& node : graph().nodes()) counts.emplace_back(node.next.size());
  for (const auto& [node, edge] : way()) ++counts[node][edge];
  int compared = 0;
  for (std::size_t node = 0; node < counts.size(); ++node) {
    const double visits = std::accumulate(counts[node].begin(), counts[node].end(), 0.0);
    if (visits < kEnough) continue;
    for (std::size_t edge = 0; edge < counts[node].size(); ++edge) {
      const auto& [character, probability, to] = graph().nodes()[node].next[edge];
      expect_rate(counts[node][edge], visits, probability, std::string("'") + character + "'");
      compared += probability < 1 ? 1 : 0;
    }
  }
  EXPECT_GT(compared, 500);
}

/// −ln P of the text's last characters, given those before, in nats a character.
double nats_of_last(std::size_t characters) {
  double nats = 0;
  const auto all = way();
  for (const auto& [node, edge] : std::span(all).last(characters)) {
    nats -= std::log(graph().nodes()[node].next[edge].probability);
  }
  return nats / static_cast<double>(characters);
}

TEST(English, GeneratesLinesWithTheirEntropy) {
  std::vector<double> nats = {0};  // by line
  for (const auto& [node, edge] : way()) {
    const auto& [character, probability, to] = graph().nodes()[node].next[edge];
    nats.back() -= std::log(probability);
    if (to == PrefixGraph::kEnd) nats.push_back(0);
  }
  nats.pop_back();  // the last line is cut
  const auto lines = static_cast<double>(nats.size());
  const double deviation = std::sqrt(start().squared_nats - start().nats * start().nats);
  EXPECT_NEAR(std::accumulate(nats.begin(), nats.end(), 0.0) / lines, english().line_entropy_nats(),
              kSigmas * deviation / std::sqrt(lines));
}

/// The nodes after one more character: their probabilities, by node.
std::vector<double> stepped(const std::vector<double>& now) {
  std::vector<double> next(now.size());
  for (std::size_t node = 0; node < now.size(); ++node) {
    if (now[node] == 0) continue;
    for (const auto& [character, probability, to] : graph().nodes()[node].next) {
      next[to == PrefixGraph::kEnd ? graph().start() : to] += now[node] * probability;
    }
  }
  return next;
}

/// H(x_1 … x_L)/L of windows that begin with a line, in nats a character, for L = 1, 2, … most.
std::vector<double> window_nats(std::uint32_t most) {
  std::vector<double> of_nodes;
  for (const Node& node : graph().nodes()) of_nodes.push_back(node.next_nats());
  std::vector<double> now(of_nodes.size());
  now[graph().start()] = 1;
  double sum = 0;
  std::vector<double> nats;
  while (nats.size() < most) {
    sum += std::inner_product(now.begin(), now.end(), of_nodes.begin(), 0.0);
    nats.push_back(sum / static_cast<double>(nats.size() + 1));
    now = stepped(now);
  }
  return nats;
}

/// The entropy of the node at a random place of a long text.
double node_entropy_nats() {
  std::vector<double> visits(graph().nodes().size());  // of a line
  visits[graph().start()] = 1;
  double nats = 0;
  for (std::size_t n = visits.size() - 1; n > PrefixGraph::kEnd; --n) {
    for (const auto& [character, probability, to] : graph().nodes()[n].next) {
      visits[to] += visits[n] * probability;
    }
    const double share = visits[n] / start().characters;
    nats -= share > 0 ? share * std::log(share) : 0;
  }
  return nats;
}

std::string fixed(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

std::string source_file(const std::string& path) {
  return proto::read_file(std::string(MILLRACE_SOURCE_DIR) + "/" + path);
}

std::string datasets_page() { return source_file("docs/reference/datasets.md"); }

TEST(English, IsDescribedWithItsEntropies) {
  const std::string page = datasets_page();
  const double rate = english().entropy_rate_nats();
  expect_contains(
      page,
      {fixed(rate, 4), fixed(rate / std::numbers::ln2, 4), fixed(english().line_entropy_nats(), 4),
       fixed(english().line_characters(), 2), fixed(node_entropy_nats(), 2),
       fixed(nats_of_last(kBuiltInCharacters / 10), 4), proto::hex16(proto::xxh64(text()))});
  for (const char* path :
       {"scripts/get-data", "scripts/quickstart", "providers/grammar/english.h"}) {
    expect_contains(source_file(path), {fixed(rate, 4) + " nats"});
  }
  const std::vector<double> windows = window_nats(1024);
  for (const std::uint32_t length : {128U, 256U, 1024U}) {
    EXPECT_GT(windows[length - 1], rate);
    expect_contains(page,
                    {"| " + std::to_string(length) + " | " + fixed(windows[length - 1], 4) + " |"});
  }
  expect_contains(page, {"    " + text().substr(0, text().find('\n') + 1)});
}

constexpr std::uint8_t kIgnored = 255;

/// The windows of val samples [0, count) under default masking.
std::vector<std::vector<Shown>> masked_windows(config::Options options, std::uint32_t count) {
  const proto::Range range{proto::Split::kVal, 0, count, {}};
  const proto::Batch masked = fill_batch(*make_provider(options), range);
  options.provider.partial_targets = false;
  const auto provider = make_provider(options);
  const proto::Batch whole = fill_batch(*provider, range);
  const auto character = [&](std::uint8_t id) { return provider->meta().vocabulary[id].front(); };
  std::vector<std::vector<Shown>> windows(count);
  for (std::size_t i = 0; i < whole.values<std::uint8_t>(1).size(); ++i) {
    Shown& shown = windows[i / options.provider.block_size].emplace_back();
    shown.original = character(whole.values<std::uint8_t>(1)[i]);
    const std::uint8_t x = masked.values<std::uint8_t>(0)[i];
    if (x != provider->meta().mask_token_id) shown.shown = character(x);
    shown.selected = masked.values<std::uint8_t>(1)[i] != kIgnored;
  }
  return windows;
}

TEST(English, IsDescribedWithTheLeastLossOfDefaultMasking) {
  const TextFile file(text());
  config::Options options;
  options.data.path = file.path();
  options.provider.block_size = 128;
  const DefaultMasking masking{
      .probability = 0.15,
      .characters = static_cast<double>(std::set(text().begin(), text().end()).size())};
  std::vector<double> nats;
  for (const std::vector<Shown>& window : masked_windows(options, 640)) {
    std::ranges::copy(masked_nats(graph(), window, masking), std::back_inserter(nats));
  }
  const double loss =
      std::accumulate(nats.begin(), nats.end(), 0.0) / static_cast<double>(nats.size());
  expect_contains(datasets_page(), {fixed(loss, 4) + " nats"});
}

TEST(English, AShorterTextIsTheStartOfALongerOne) {
  EXPECT_EQ(english_text(5'000), text().substr(0, 5'000));
}

// The dataset of a recipe that names none, by the same bytes everywhere.
TEST(English, KeepsItsText) { EXPECT_EQ(proto::hex16(proto::xxh64(text())), "56e7c143bb6a2143"); }

TEST(English, HasLinesThatBeginAndEndAsSentences) {
  std::istringstream lines(text());
  std::string line;
  while (std::getline(lines, line) && !lines.eof()) {
    ASSERT_TRUE(line.front() == '"' || std::isupper(line.front())) << line;
    ASSERT_EQ(line.back(), '.') << line;
    ASSERT_EQ(line.find("  "), std::string::npos) << line;
  }
}

void expect_nowhere(const std::string& pattern) {
  std::smatch found;
  EXPECT_FALSE(std::regex_search(text(), found, std::regex(pattern))) << found[0];
}

TEST(English, HasTheRightArticles) {
  expect_nowhere(R"(\b[Aa] [aeiou]\w*)");
  expect_nowhere(R"(\b[Aa]n (?!hour)[^aeiou]\w*)");
}

TEST(English, HasVerbsThatAgreeInNumber) {
  expect_nowhere(R"(\ba sack of \w+ \w+ were|\bsacks of \w+ \w+ was)");
  expect_nowhere(R"(\bbarge (bring|carry)\b|\bbarges (brings|carries))");
  expect_nowhere(R"(\b(one|[Aa]n? \w+) who (rise|own|mend|talk|trust|sleep) )");
  expect_nowhere(R"(\b(those|[A-Z]\w+s) who (rises|owns|mends|talks|trusts|sleeps) )");
  expect_nowhere(R"(\bIs the (oats|beans|peas)|\bAre the (rye|wheat|barley|flour|malt))");
}

}  // namespace
}  // namespace millrace::providers
