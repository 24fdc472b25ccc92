// Opens the datasets of a stream: from the recipe's description of them to the tokens of their
// splits, all with one vocabulary.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "config/options.h"
#include "datasets/characters/character_vocabulary.h"
#include "datasets/dataset.h"
#include "datasets/sources/source_files.h"

namespace millrace::datasets {

/// Options that hold for all datasets of a stream.
struct SetOptions {
  Shares shares{};
  std::string tokenizer{};   ///< path of a byte-level BPE; empty: characters, or token ids alone
  std::string vocabulary{};  ///< path of a vocab.json of characters; empty: all that occur
  UnknownCharacters unknown = UnknownCharacters::kError;
  std::uint32_t vocab_size = 0;  ///< of token files without a tokenizer; 0: not known
};

/// The options of a recipe.
[[nodiscard]] SetOptions set_options(const config::DataOptions& options);

/// A dataset and its name.
struct NamedSpec {
  std::string name;  ///< empty: the last part of the path
  DatasetSpec spec;
};

/// Opens at least one dataset. All must hold text, or all tokens; a tokenizer encodes texts, once,
/// into their index. The vocabulary of characters is that of SetOptions, or the characters of all
/// datasets. Datasets::hash follows from the hashes of the parts, in order.
///
/// Throws std::runtime_error for data that cannot be used, config::UsageError for options that do
/// not go together.
[[nodiscard]] Datasets open_sets(std::span<const NamedSpec> specs, const SetOptions& options);

}  // namespace millrace::datasets
