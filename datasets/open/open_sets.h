// Opens the datasets that a recipe describes, as the tokens of their splits, with one vocabulary
// for all.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "config/options.h"
#include "datasets/characters/character_vocabulary.h"
#include "datasets/dataset.h"
#include "datasets/sources/source_files.h"

namespace millrace::datasets {

/// Options that all datasets of a stream share.
struct SetOptions {
  Shares shares{};
  std::string tokenizer{};   ///< path of a byte-level BPE; empty: characters, or token ids alone
  std::string vocabulary{};  ///< path of a vocab.json; empty: all characters that occur
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

/// Its name in a stream's meta; the dataset need not be there. Throws what name_of_dataset()
/// throws.
[[nodiscard]] std::string name_of(const NamedSpec& named);

/// Opens one or more datasets. They hold either text or tokens; with a tokenizer, texts and token
/// files may be mixed, because texts are encoded (once, into their index). Without one, texts are
/// read as characters; their vocabulary is SetOptions::vocabulary, or the characters of all texts.
/// Datasets::hash is computed from the hashes of the parts, in order.
///
/// Throws std::runtime_error for unusable data, config::UsageError for options that do not go
/// together.
[[nodiscard]] Datasets open_sets(std::span<const NamedSpec> specs, const SetOptions& options);

}  // namespace millrace::datasets
