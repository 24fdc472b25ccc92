// The built-in tagger: parts of speech by a lexicon, endings, capitals and some rules of context,
// in one pass from left to right.
//
// tests/annotation/tagger_test.cc measures it on a page tagged by hand, docs/explanation/cascade.md
// has the result. For English; in other languages most words become nouns. Pure; any thread.
#pragma once

#include <span>
#include <string_view>

#include "annotation/words.h"

namespace millrace::annotation {

/// Sets `part` and `stop_word` of the words of a document.
void tag(std::string_view document, std::span<Word> words);

}  // namespace millrace::annotation
