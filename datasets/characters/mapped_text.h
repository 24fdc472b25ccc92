// A TokenText over a mapped text: the ids of its characters. The time of a read does not depend on
// its position: for texts that are not ASCII, the index has the byte offset of every 1024th
// character, so a read skips fewer than 1024.
//
// Immutable, so any thread may use one.
#pragma once

#include <memory>
#include <string>

#include "datasets/characters/character_vocabulary.h"
#include "datasets/index/indexed_text.h"
#include "datasets/index/splits.h"
#include "datasets/token_text.h"

namespace millrace::datasets {

/// Makes it of a text, its cuts and a vocabulary, which must have every character of the text, or
/// kUnknownToken for those it lacks. `place`: the dataset, for messages. Reading throws
/// std::runtime_error if the text no longer matches its index.
[[nodiscard]] std::shared_ptr<const TokenText> make_mapped_text(
    std::shared_ptr<const IndexedText> text, std::shared_ptr<const CharacterVocabulary> vocabulary,
    Cuts cuts, std::string hash, std::string place);

}  // namespace millrace::datasets
