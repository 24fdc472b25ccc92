// From words to token scores: what a selection rule makes of parts of speech or likenesses, and
// which word a token belongs to. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "annotation/selection.h"
#include "annotation/words.h"

namespace millrace::annotation {

/// One score a word, as selection.h says. `constituency` looks at part and stop_word;
/// `keybert_no_stopword` at keyword, stop_word and whether the word is a full stop.
[[nodiscard]] std::vector<float> word_scores(Selection selection, std::string_view passage,
                                             std::span<const Word> words);

/// The score of what belongs to no word: white space.
[[nodiscard]] float score_of_the_rest(Selection selection);

/// One score a token: that of the word in which its first byte lies that is no white space, so that
/// all parts of a word have the word's; score_of_the_rest where it has none. `ends` are the tokens'
/// ends in bytes of the passage, ascending: token i has the bytes [ends[i - 1], ends[i]).
[[nodiscard]] std::vector<float> token_scores(std::string_view passage, std::span<const Word> words,
                                              std::span<const float> scores,
                                              std::span<const std::uint32_t> ends, float rest);

}  // namespace millrace::annotation
