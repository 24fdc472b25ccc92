// Tagging: the lexicon gives the possible classes of a word, the words before and after decide.
#include "annotation/tagger.h"

#include <string>
#include <unordered_set>
#include <vector>

#include "annotation/lexicon.h"

namespace millrace::annotation {
namespace {

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

bool ends_sentence(std::string_view word) {
  return word == "." || word == "!" || word == "?" || word == ":" || word == ";" || word == "\"" ||
         word == "(" || word == "\xE2\x80\x9C" || word == "-" || word == "\xE2\x80\x94";
}

/// Whether all letters are capitals.
bool is_shouted(std::string_view word) {
  if (word.size() < 2) return false;
  for (const char c : word) {
    if (!is_capital(c)) return false;
  }
  return true;
}

/// Adverbs before adjectives, as in "very cold".
bool is_degree(std::string_view lower) {
  return lower == "very" || lower == "too" || lower == "quite" || lower == "rather" ||
         lower == "most" || lower == "more";
}

/// A word without its context.
struct Seen {
  std::string lower;
  Entry entry;
  bool capital = false;
  bool starts_sentence = false;
  bool punctuation = false;
};

class Tagger {
 public:
  Tagger(std::string_view document, std::span<Word> words) : document_(document), words_(words) {
    scan();
  }

  void run() {
    classes_.resize(words_.size());
    for (std::size_t i = 0; i < words_.size(); ++i) {
      classes_[i] = class_of(i);
      words_[i].part = part_of(classes_[i]);
      words_[i].stop_word = is_stop_word(seen_[i].lower);
    }
  }

 private:
  /// Looks up all words, and notes those with a capital inside a sentence.
  void scan() {
    bool fresh = true;
    for (const Word& word : words_) {
      const std::string_view text = text_of(document_, word);
      Seen seen{folded(text),
                {},
                is_capital(text.front()),
                fresh,
                !is_wordlike(text) && text.front() != '\''};
      if (!seen.punctuation) {
        seen.entry = is_digit(text.front()) ? Entry{kNumber, kNumber, true} : look_up(seen.lower);
      }
      if (seen.capital && !fresh && (seen.entry.classes & kOpen) != 0) {
        names_.insert(seen.lower);
      }
      if (!seen.punctuation) fresh = false;
      if (ends_sentence(text) || starts_line_after(word)) fresh = true;
      seen_.push_back(std::move(seen));
    }
  }

  /// Whether the line ends behind the word: the next word may have the capital of a heading or
  /// verse.
  [[nodiscard]] bool starts_line_after(const Word& word) const {
    return word.end < document_.size() && document_[word.end] == '\n';
  }

  [[nodiscard]] std::uint16_t before(std::size_t i) const {
    return i == 0 ? std::uint16_t{0} : classes_[i - 1];
  }
  [[nodiscard]] bool next_may_be(std::size_t i, std::uint16_t classes) const {
    return i + 1 < seen_.size() && !seen_[i + 1].punctuation &&
           (seen_[i + 1].entry.classes & classes) != 0;
  }

  [[nodiscard]] bool is_name(std::size_t i) const {
    const Seen& seen = seen_[i];
    if (!seen.capital || (seen.entry.classes & kOpen) == 0 || seen.lower == "i") return false;
    if (is_shouted(text_of(document_, words_[i]))) return true;
    if (!seen.starts_sentence) return true;
    if (seen.entry.known) return false;
    const bool before_a_name = i + 1 < seen_.size() && seen_[i + 1].capital;
    return before_a_name || names_.contains(seen.lower) || seen.entry.usual == kN;
  }

  [[nodiscard]] std::uint16_t class_of(std::size_t i) const {
    const Seen& seen = seen_[i];
    if (seen.punctuation) return kNone;
    if (is_name(i)) return kProper;
    const std::uint16_t classes = seen.entry.classes;
    if ((classes & kOpen) == 0) return closed_class(i);
    return open_class(i);
  }

  [[nodiscard]] std::uint16_t closed_class(std::size_t i) const {
    const Entry& entry = seen_[i].entry;
    if (seen_[i].lower == "that" && !next_may_be(i, kN)) return kPreposition;
    if (seen_[i].lower == "her" && !next_may_be(i, kN | kA)) return kPronoun;
    return entry.usual;
  }

  /// The class of the nearest word before i that is neither an adverb nor "not".
  [[nodiscard]] std::uint16_t governor(std::size_t i) const {
    while (i > 0 && (classes_[i - 1] == kR || classes_[i - 1] == kNot)) --i;
    return before(i);
  }

  [[nodiscard]] std::uint16_t open_class(std::size_t i) const {
    const Seen& seen = seen_[i];
    const std::uint16_t may = seen.entry.classes;
    const std::uint16_t previous = before(i);
    const std::uint16_t governing = governor(i);
    const bool participle = seen.lower.ends_with("ing") || seen.lower.ends_with("ed");

    if (previous == kDeterminer || previous == kNumber) return nominal(i);
    if (previous == kA && (may & kN) != 0) return nominal(i);
    if ((may & kV) != 0) {
      if (governing == kTo || governing == kModal || governing == kDo) return kV;
      if (governing == kHave && (participle || seen.entry.usual == kV)) return kV;
      if (governing == kBe && participle) return kV;
      if (previous == kPronoun) return kV;
      if (governing == kPronoun && !participle) return kV;
      if (previous == kBe && (may & kA) != 0) return kA;
      if (previous == kPreposition && !participle && (may & kN) != 0) return kN;
      if (is_noun(previous) && follows_as_verb(i)) return kV;
      if (previous == kConjunction && seen.lower.ends_with('s') && next_may_be(i, kDeterminer)) {
        return kV;
      }
    }
    if (governing == kBe && (may & kA) != 0 && !next_may_be(i, kN)) return kA;
    if (i > 0 && is_degree(seen_[i - 1].lower) && (may & kA) != 0 && (may & kR) == 0) return kA;
    if ((may & kR) != 0 && (may & kA) != 0 && next_may_be(i, kN) && previous != kV) return kA;
    return seen.entry.usual;
  }

  /// The class after a determiner or an adjective: adjective where a noun may follow, else noun.
  [[nodiscard]] std::uint16_t nominal(std::size_t i) const {
    const Seen& seen = seen_[i];
    const std::uint16_t may = seen.entry.classes;
    if ((may & kR) != 0 && (may & (kA | kN)) == 0) return kR;
    const bool more = next_may_be(i, kN | kA) && !next_is_usually(i, kV);
    if ((may & kA) != 0 && (more || (may & kN) == 0)) return kA;
    if ((may & kN) != 0) return kN;
    return more ? kA : kN;
  }
  [[nodiscard]] bool next_is_usually(std::size_t i, std::uint16_t one) const {
    return i + 1 < seen_.size() && seen_[i + 1].entry.usual == one;
  }

  static bool is_noun(std::uint16_t one) { return one == kN || one == kProper; }

  /// Whether a word behind a noun is a verb: it looks like one, or the next word needs one.
  [[nodiscard]] bool follows_as_verb(std::size_t i) const {
    const Seen& seen = seen_[i];
    if (seen.entry.usual == kV) return true;
    if (has_verb_since_clause(i)) return false;
    if (seen.lower.ends_with('s') && (ends_clause(i) || next_may_be(i, kA))) return true;
    return next_may_be(i, kDeterminer | kPronoun | kPreposition | kTo | kR);
  }
  [[nodiscard]] bool ends_clause(std::size_t i) const {
    return i + 1 == seen_.size() || seen_[i + 1].punctuation;
  }
  [[nodiscard]] bool has_verb_since_clause(std::size_t i) const {
    for (std::size_t j = i; j-- > 0;) {
      if (seen_[j].punctuation || classes_[j] == kConjunction) return false;
      if (classes_[j] == kV || (classes_[j] & kAuxiliary) != 0) return true;
    }
    return false;
  }

  static PartOfSpeech part_of(std::uint16_t one) {
    switch (one) {
      case kProper: return PartOfSpeech::kProperNoun;
      case kN: return PartOfSpeech::kNoun;
      case kV: return PartOfSpeech::kVerb;
      case kA: return PartOfSpeech::kAdjective;
      case kR: return PartOfSpeech::kAdverb;
      default: return PartOfSpeech::kOther;
    }
  }

  std::string_view document_;
  std::span<Word> words_;
  std::vector<Seen> seen_;
  std::vector<std::uint16_t> classes_;
  std::unordered_set<std::string> names_;  ///< seen with a capital inside a sentence
};

}  // namespace

void tag(std::string_view document, std::span<Word> words) { Tagger(document, words).run(); }

}  // namespace millrace::annotation
