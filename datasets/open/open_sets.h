// Datasets, opened: from what a recipe says of them to the tokens of their splits, all with one
// vocabulary.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "config/options.h"
#include "datasets/characters/memory_text.h"
#include "datasets/dataset.h"
#include "datasets/sources/source_files.h"

namespace millrace::datasets {

/// What holds for all datasets of a stream.
struct SetOptions {
  Shares shares{};
  std::string tokenizer{};        ///< of byte-level BPE; empty: characters, or ids alone
  std::string vocabulary{};       ///< of characters: a vocab.json; empty: all characters that occur
  std::string unknown = "error";  ///< error, replace or drop
  std::uint32_t vocab_size = 0;   ///< of token files without a tokenizer
};

[[nodiscard]] SetOptions set_options(const config::DataOptions& options);

struct NamedSpec {
  std::string name;  ///< empty: the last part of its path
  DatasetSpec spec;
};

/// At least one. All hold text, or all hold tokens; with a tokenizer texts are encoded, once, into
/// their index. The vocabulary of characters is the union of what the datasets have, or that of
/// SetOptions. Datasets::hash follows from each part's, in order.
///
/// Throws std::runtime_error for data that cannot be used, config::UsageError for options that do
/// not go together.
[[nodiscard]] Datasets open_sets(std::span<const NamedSpec> specs, const SetOptions& options);

}  // namespace millrace::datasets
