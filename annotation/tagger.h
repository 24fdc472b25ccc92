// Parts of speech without a model: a lexicon, endings, capitals and some rules of context, in one
// pass from left to right.
//
// What it is worth is measured in tests/annotation/tagger_test.cc on a page tagged by hand, and
// said in docs/explanation/cascade.md. English; other languages get nouns for most words. Pure; any
// thread.
#pragma once

#include <span>
#include <string_view>

#include "annotation/words.h"

namespace millrace::annotation {

/// Sets part and stop_word of the words of a document.
void tag(std::string_view document, std::span<Word> words);

}  // namespace millrace::annotation
