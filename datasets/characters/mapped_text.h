// A text as characters, read where it is mapped: any part of any size, in time that does not depend
// on where it lies.
//
// An ASCII text is looked up byte by byte. In any other one the index has the byte offset of every
// 1024th character, so a read starts less than 1024 characters before its place. Immutable, so any
// thread may use one.
#pragma once

#include <memory>
#include <string>

#include "datasets/characters/character_vocabulary.h"
#include "datasets/index/indexed_text.h"
#include "datasets/index/splits.h"
#include "datasets/token_text.h"

namespace millrace::datasets {

/// Every character of the text must be in the vocabulary, or that have kUnknownToken, which stands
/// for those that are not. `place` is for messages. Reading throws std::runtime_error where the
/// text is not any more what its index says.
[[nodiscard]] std::shared_ptr<const TokenText> make_mapped_text(
    std::shared_ptr<const IndexedText> text, std::shared_ptr<const CharacterVocabulary> vocabulary,
    Cuts cuts, std::string hash, std::string place);

}  // namespace millrace::datasets
