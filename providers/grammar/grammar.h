// A probabilistic grammar without recursion: a source of lines of text whose entropy is known
// exactly.
//
//     line:
//       3 {Animal} sleeps. | Rain fell on {town}.
//     animal:
//       the cat | 2 the dog | an owl
//     town:
//       Alder Bridge
//
// A name with a colon begins a rule; the first rule is that of a line. Below it, indented, stand
// its alternatives, separated by " | " or the end of a line. An alternative begins with its weight,
// 1 unless written; {name} stands for a text of that rule, which must lie below, and {Name} for the
// same with its first letter in upper case. Lines are independent of each other and end with a
// newline.
//
// The weights of a rule add up to a power of two, so that the top bits of a random word choose an
// alternative a without bias, and its probability p(a) is exact in binary. Then, in nats and
// characters,
//
//     H(rule) = Σ p(a) (−ln p(a) + Σ H(r)),   L(rule) = Σ p(a) (letters + Σ L(r)),
//
// where Σ without p(a) is over the rules r that a refers to. H(line) is the entropy of a line if no
// text has two derivations, which a test shows of every grammar in use. A long text then has the
// entropy rate H(line) / (L(line) + 1) nats a character: n independent lines have n H(line) nats
// and, by the law of large numbers, n (L(line) + 1) characters.
//
// A window of a text has a little more entropy per character. A window that begins with a line ends
// within a line, and the part of the line that is cut off is its more predictable end. A window
// that begins anywhere must also show how far its first line has come.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::providers {

class Grammar {
 public:
  /// A piece of an alternative: a text as it is, or a reference to a rule.
  struct Part {
    std::string text;
    std::optional<std::size_t> rule;  ///< the number of the rule
    bool capital = false;             ///< of a reference: its first letter is in upper case
  };
  struct Alternative {
    std::uint32_t weight = 1;
    std::vector<Part> parts;
  };
  struct Rule {
    std::string name;
    std::vector<Alternative> alternatives;
    std::uint32_t total = 0;       ///< the sum of the weights, a power of two
    double entropy_nats = 0;       ///< H(rule)
    double characters = 0;         ///< L(rule)
    std::uint32_t most_words = 0;  ///< the random words that a text takes, at most
  };

  /// Throws std::invalid_argument, naming the rule, for rules that are not as described above.
  explicit Grammar(std::string_view rules);

  [[nodiscard]] const std::vector<Rule>& rules() const { return rules_; }

  /// H(line).
  [[nodiscard]] double line_entropy_nats() const { return rules_.front().entropy_nats; }
  /// The mean length of a line, with its newline.
  [[nodiscard]] double line_characters() const { return rules_.front().characters + 1; }
  /// Nats per character of a long text.
  [[nodiscard]] double entropy_rate_nats() const { return line_entropy_nats() / line_characters(); }

  /// How many random words a line takes at most.
  [[nodiscard]] std::uint32_t most_words() const { return rules_.front().most_words; }
  /// Appends the line that the words choose: word j makes choice j, counted from left to right.
  /// Takes at least most_words() words.
  void append_line(std::span<const std::uint32_t> words, std::string& text) const;

 private:
  std::vector<Rule> rules_;
};

}  // namespace millrace::providers
