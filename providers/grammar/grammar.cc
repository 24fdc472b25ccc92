// Grammar: reads the notation, works out entropies, draws lines.
#include "providers/grammar/grammar.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "providers/random/philox.h"

namespace millrace::providers {
namespace {

using Alternative = Grammar::Alternative;
using Part = Grammar::Part;
using Rule = Grammar::Rule;

[[noreturn]] void refuse(const Rule& rule, const std::string& why) {
  throw std::invalid_argument("grammar: rule '" + rule.name + "': " + why);
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
char upper(char c) { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

/// Removes from the front of `text` everything up to the separator, or all of it, and returns it.
std::string_view take_until(std::string_view& text, std::string_view separator) {
  const std::size_t length = std::min(text.find(separator), text.size());
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(std::min(length + separator.size(), text.size()));
  return taken;
}

/// Removes the weight from the front of an alternative and returns it; 1 if none is written.
std::uint32_t take_weight(std::string_view& text) {
  constexpr std::string_view kDigits = "0123456789";
  const std::size_t length = text.find_first_not_of(kDigits);
  if (length == 0 || length == text.npos || text[length] != ' ') return 1;
  std::uint32_t weight = 0;
  std::from_chars(text.data(), text.data() + length, weight);
  text.remove_prefix(length + 1);
  return weight;
}

/// Parses the notation into rules, without their totals, entropies, lengths and numbers of words.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) { find_names(); }

  std::vector<Rule> read() {
    std::size_t begun = 0;
    for (std::string_view rest = text_; !rest.empty();) {
      std::string_view line = take_until(rest, "\n");
      if (begins_rule(line)) ++begun;
      if (!is_indented(line)) continue;
      line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      while (!line.empty()) add_alternative(begun - 1, take_until(line, " | "));
    }
    return std::move(rules_);
  }

 private:
  static bool is_indented(std::string_view line) { return line.starts_with("  "); }
  static bool begins_rule(std::string_view line) { return !line.empty() && !is_indented(line); }

  void find_names() {
    for (std::string_view rest = text_; !rest.empty();) {
      std::string_view line = take_until(rest, "\n");
      if (begins_rule(line)) add_rule(line);
      if (rules_.empty() && !line.empty()) {
        throw std::invalid_argument("grammar: begins with '" + std::string(line) +
                                    "', not with the name of a rule");
      }
    }
    if (rules_.empty()) throw std::invalid_argument("grammar: no rules");
  }

  void add_rule(std::string_view line) {
    Rule rule;
    rule.name = take_until(line, ":");
    const auto has_name = [&](const Rule& other) { return other.name == rule.name; };
    if (std::ranges::any_of(rules_, has_name)) refuse(rule, "is there twice");
    rules_.push_back(std::move(rule));
  }

  void add_alternative(std::size_t rule, std::string_view text) {
    Alternative alternative;
    alternative.weight = take_weight(text);
    while (!text.empty()) {
      const std::string_view plain = take_until(text, "{");
      if (!plain.empty()) alternative.parts.push_back({std::string(plain), {}});
      if (!text.empty()) alternative.parts.push_back(reference(rule, take_until(text, "}")));
    }
    if (alternative.parts.empty()) refuse(rules_[rule], "an alternative without a text");
    if (alternative.weight == 0) refuse(rules_[rule], "an alternative without a weight");
    rules_[rule].alternatives.push_back(std::move(alternative));
  }

  /// Only rules below the one that refers to them, so that no rule can refer to itself.
  [[nodiscard]] Part reference(std::size_t from, std::string_view written) const {
    std::string name(written);
    if (!name.empty()) name.front() = lower(name.front());
    for (std::size_t to = from + 1; to < rules_.size(); ++to) {
      if (rules_[to].name == name) return {{}, to, is_upper(written.front())};
    }
    refuse(rules_[from], "refers to '" + name + "', and there is no such rule below it");
  }

  std::string_view text_;
  std::vector<Rule> rules_;
};

/// Adds an alternative to its rule's entropy, length and number of words.
void add(const Alternative& alternative, const std::vector<Rule>& rules, Rule& rule) {
  const double p = static_cast<double>(alternative.weight) / rule.total;
  double nats = -std::log(p);
  double characters = 0;
  std::uint32_t words = 1;
  for (const Part& part : alternative.parts) {
    characters += static_cast<double>(part.text.size());
    if (!part.rule) continue;
    nats += rules[*part.rule].entropy_nats;
    characters += rules[*part.rule].characters;
    words += rules[*part.rule].most_words;
  }
  rule.entropy_nats += p * nats;
  rule.characters += p * characters;
  rule.most_words = std::max(rule.most_words, words);
}

/// Computes a rule's total, entropy, length and number of words. The rules below it are complete.
void complete(Rule& rule, const std::vector<Rule>& rules) {
  for (const Alternative& each : rule.alternatives) rule.total += each.weight;
  if (!std::has_single_bit(rule.total)) {
    refuse(rule, "weights add up to " + std::to_string(rule.total) + ", not to a power of two");
  }
  for (const Alternative& each : rule.alternatives) add(each, rules, rule);
}

const Alternative& choose(const Rule& rule, std::uint32_t word) {
  std::uint32_t drawn = uniform_below(word, rule.total);
  auto each = rule.alternatives.begin();
  while (drawn >= each->weight) drawn -= (each++)->weight;
  return *each;
}

/// Appends a text of the rule, and removes the words that it used from the front of `words`.
void append(const std::vector<Rule>& rules, const Rule& rule, std::span<const std::uint32_t>& words,
            std::string& text) {
  const std::uint32_t word = words.front();
  words = words.subspan(1);
  for (const Part& part : choose(rule, word).parts) {
    const std::size_t start = text.size();
    text += part.text;
    if (part.rule) append(rules, rules[*part.rule], words, text);
    if (part.capital) text[start] = upper(text[start]);
  }
}

}  // namespace

Grammar::Grammar(std::string_view rules) : rules_(Reader(rules).read()) {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) complete(*rule, rules_);
}

void Grammar::append_line(std::span<const std::uint32_t> words, std::string& text) const {
  assert(words.size() >= most_words());
  append(rules_, rules_.front(), words, text);
  text += '\n';
}

}  // namespace millrace::providers
