// The built-in scorers, which need no model: the tagger, and tf-idf.
#include <utility>

#include "annotation/lexicon.h"
#include "annotation/scorer.h"
#include "annotation/tagger.h"

namespace millrace::annotation {
namespace {

// To be renumbered with every change that changes a score.
const std::string kTaggerName = "builtin-tagger-1";
const std::string kKeywordsName = "builtin-tf-idf-1";

class TaggerScorer final : public Scorer {
 public:
  [[nodiscard]] const std::string& name() const override { return kTaggerName; }

  [[nodiscard]] std::vector<std::vector<Word>> score(
      std::span<const std::string_view> passages) override {
    std::vector<std::vector<Word>> all;
    for (const std::string_view passage : passages) {
      all.push_back(split_words(passage));
      tag(passage, all.back());
    }
    return all;
  }
};

class KeywordScorer final : public Scorer {
 public:
  explicit KeywordScorer(PassageFrequencies frequencies) : frequencies_(std::move(frequencies)) {}

  [[nodiscard]] const std::string& name() const override { return kKeywordsName; }

  [[nodiscard]] std::vector<std::vector<Word>> score(
      std::span<const std::string_view> passages) override {
    std::vector<std::vector<Word>> all;
    for (const std::string_view passage : passages) {
      all.push_back(split_words(passage));
      for (Word& word : all.back()) word.stop_word = is_stop_word(folded(text_of(passage, word)));
      score_keywords(frequencies_, passage, all.back());
    }
    return all;
  }

 private:
  PassageFrequencies frequencies_;
};

}  // namespace

std::unique_ptr<Scorer> make_builtin_scorer(Selection selection, PassageFrequencies frequencies) {
  if (selection == Selection::kConstituency) return std::make_unique<TaggerScorer>();
  return std::make_unique<KeywordScorer>(std::move(frequencies));
}

}  // namespace millrace::annotation
