// The best model's loss on masked characters against Bayes' rule over all texts.
#include "tests/providers/grammar/masked_nats.h"

#include <cmath>

#include <gtest/gtest.h>

namespace millrace::providers {
namespace {

const Grammar& grammar() {
  static const Grammar grammar("line:\n  3 {a}{b} | d{b}\na:\n  3 a | c\nb:\n  ab | 3 bb\n");
  return grammar;
}

struct Text {
  std::string characters;
  double probability = 0;
};

/// All texts of two lines.
std::vector<Text> two_lines() {
  const std::vector<Text> lines = {{"aab\n", 9. / 64}, {"abb\n", 27. / 64}, {"cab\n", 3. / 64},
                                   {"cbb\n", 9. / 64}, {"dab\n", 4. / 64},  {"dbb\n", 12. / 64}};
  std::vector<Text> all;
  for (const Text& one : lines) {
    for (const Text& other : lines) {
      all.push_back({one.characters + other.characters, one.probability * other.probability});
    }
  }
  return all;
}

// By Bayes' rule over all texts.
TEST(MaskedNats, AreThoseOfTheSumOverAllTexts) {
  const DefaultMasking masking{.probability = 0.3, .characters = 5};
  const std::string original = "cab\nabb\n";
  std::vector<Shown> window;
  for (const char c : original) window.push_back({c, c, false});
  window[0] = {'c', {}, true};
  window[1] = {'a', 'b', true};
  window[3] = {'\n', {}, true};
  window[4] = {'a', 'a', true};
  window[6] = {'b', {}, true};
  std::vector<double> expected;
  for (std::size_t i = 0; i < window.size(); ++i) {
    if (!window[i].selected) continue;
    double all = 0;
    double right = 0;
    for (const auto& [text, probability] : two_lines()) {
      double p = probability;
      for (std::size_t j = 0; j < window.size(); ++j) {
        p *= j == i ? masking.of_selected(window[j].shown, text[j])
                    : masking.of_any(window[j].shown, text[j]);
      }
      all += p;
      if (text[i] == original[i]) right += p;
    }
    expected.push_back(-std::log(right / all));
  }
  const std::vector<double> nats = masked_nats(PrefixGraph(grammar()), window, masking);
  ASSERT_EQ(nats.size(), expected.size());
  for (std::size_t i = 0; i < nats.size(); ++i) EXPECT_NEAR(nats[i], expected[i], 1e-9) << i;
}

}  // namespace
}  // namespace millrace::providers
