// GPT-2's pre-tokenizer: cuts a text into the words that byte-level BPE merges within. Source: A.
// Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, and the pattern of
// its published encoder:
//
//     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// A word is a contraction's end, or a run of letters, of numbers or of other characters with at
// most one space (U+0020) before it; what is left are spaces: a run of them leaves its last one to
// what follows, which takes it if it is a U+0020.
#pragma once

#include <cstddef>
#include <string_view>

namespace millrace::datasets {

/// Where the word that starts at text[at] ends; at < text.size(), and a character starts there. The
/// text must be UTF-8.
[[nodiscard]] std::size_t word_end(std::string_view text, std::size_t at);

/// The end of the first word of a space followed by `text`, counted in that text with its space;
/// `text` must not be empty, and UTF-8.
[[nodiscard]] std::size_t first_word_end_behind_space(std::string_view text);

}  // namespace millrace::datasets
