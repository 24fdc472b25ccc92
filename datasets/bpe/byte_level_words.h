// GPT-2's pre-tokenizer: splits a text into words, within which byte-level BPE merges. Source: A.
// Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, and the pattern of
// its published encoder:
//
//     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// A word is the ending of a contraction, or a run of letters, of numbers or of other characters,
// with at most one space (U+0020) before it. The rest is white space. A run of white space ends
// before its last character if something follows; that character belongs to the following word if
// it is a U+0020.
#pragma once

#include <cstddef>
#include <string_view>

namespace millrace::datasets {

/// End of the word that starts at text[at], at < text.size(), where a character must start. The
/// text must be UTF-8.
[[nodiscard]] std::size_t word_end(std::string_view text, std::size_t at);

/// End of the first word of " " + text, counted in that text. `text` must be UTF-8 and not empty.
[[nodiscard]] std::size_t first_word_end_behind_space(std::string_view text);

}  // namespace millrace::datasets
