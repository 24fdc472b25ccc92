// From words to token scores: the score of a word by the selection rule, and the word of each
// token. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "annotation/selection.h"
#include "annotation/words.h"

namespace millrace::annotation {

/// A score for each word, as selection.h defines them: for `constituency` by part and stop_word,
/// for `keybert_no_stopword` by keyword, stop_word and whether the word is a full stop.
[[nodiscard]] std::vector<float> word_scores(Selection selection, std::string_view passage,
                                             std::span<const Word> words);

/// The score of tokens that belong to no word (white space).
[[nodiscard]] float score_of_the_rest(Selection selection);

/// A score for each token: that of the word that contains the token's first byte which is no white
/// space, so all tokens of a word have its score; `rest` where there is no such word. `ends`: where
/// the tokens end in the passage, ascending: token i has the bytes [ends[i - 1], ends[i]).
[[nodiscard]] std::vector<float> token_scores(std::string_view passage, std::span<const Word> words,
                                              std::span<const float> scores,
                                              std::span<const std::uint32_t> ends, float rest);

}  // namespace millrace::annotation
