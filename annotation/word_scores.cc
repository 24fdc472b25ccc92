// Scores of words and of tokens.
#include "annotation/word_scores.h"

#include <algorithm>

namespace millrace::annotation {
namespace {

constexpr float kLeastStopWord = -1.1F;
constexpr float kStopWordRange = 0.1F;  // up to -1

bool is_name(const Word& word) { return word.part == PartOfSpeech::kProperNoun; }

float label(std::span<const Word> words, std::size_t i) {
  switch (words[i].part) {
    case PartOfSpeech::kProperNoun: {
      const bool last = i + 1 == words.size() || !is_name(words[i + 1]);
      return last ? kLastProperNoun : kOtherProperNoun;
    }
    case PartOfSpeech::kNoun: return kNounLabel;
    case PartOfSpeech::kVerb: return words[i].stop_word ? kRestLabel : kVerbLabel;
    case PartOfSpeech::kAdjective: return kAdjectiveLabel;
    case PartOfSpeech::kAdverb: return kAdverbLabel;
    case PartOfSpeech::kOther: break;
  }
  return kRestLabel;
}

float similarity(std::string_view passage, const Word& word) {
  if (!word.keyword) return text_of(passage, word) == "." ? kFullStopScore : kUnscored;
  if (!word.stop_word) return *word.keyword;
  return kLeastStopWord + kStopWordRange * std::clamp(*word.keyword, 0.F, 1.F);
}

}  // namespace

std::vector<float> word_scores(Selection selection, std::string_view passage,
                               std::span<const Word> words) {
  std::vector<float> scores(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    scores[i] =
        selection == Selection::kConstituency ? label(words, i) : similarity(passage, words[i]);
  }
  return scores;
}

float score_of_the_rest(Selection selection) {
  return selection == Selection::kConstituency ? kRestLabel : kUnscored;
}

std::vector<float> token_scores(std::string_view passage, std::span<const Word> words,
                                std::span<const float> scores, std::span<const std::uint32_t> ends,
                                float rest) {
  std::vector<float> result;
  result.reserve(ends.size());
  std::size_t word = 0;
  std::uint32_t begin = 0;
  for (const std::uint32_t end : ends) {
    while (begin < end && is_space(passage[begin])) ++begin;
    while (word < words.size() && words[word].end <= begin) ++word;
    const bool inside = begin < end && word < words.size() && words[word].begin < end;
    result.push_back(inside ? scores[word] : rest);
    begin = end;
  }
  return result;
}

}  // namespace millrace::annotation
