// Mapped tokens with their index: of token files, and of texts encoded by a tokenizer. One scan
// finds the number of tokens, the largest id, the hash of the ids, and where documents or lines
// begin.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "datasets/bpe/byte_level_bpe.h"
#include "datasets/index/indexed_text.h"
#include "datasets/index/splits.h"
#include "datasets/sources/source_files.h"
#include "proto/schema.h"

namespace millrace::datasets {

/// A run of tokens: an index whose text() is the ids, little-endian, of `width`. Its starts() count
/// tokens.
struct TokenRun {
  std::shared_ptr<const IndexedText> index;
  proto::WireType width = proto::WireType::kU16;
  [[nodiscard]] std::uint64_t tokens() const { return index->header().units; }
};

/// Opens a token file. Documents begin behind the token `end_of_text`, where that is known. Throws
/// std::runtime_error for a file that is empty or whose size is not a multiple of the width.
[[nodiscard]] TokenRun open_token_run(const SourceFile& file, proto::WireType width,
                                      std::optional<std::uint32_t> end_of_text,
                                      const std::string& cache);

/// An encoded text.
struct TokenizedText {
  TokenRun run;
  Cuts cuts;  ///< in tokens
};

/// Encodes a text, once, into its index. The text is cut into splits as a text (splits.h), and each
/// split is encoded on its own, so splits have the same characters whatever the tokenizer. Behind
/// every document is <|endoftext|>, where the tokenizer has that; else a newline between two
/// documents, where there is none. Starts are documents where these are records, else lines.
[[nodiscard]] TokenizedText open_tokenized(const SourceFiles& sources, const DatasetSpec& spec,
                                           Shares shares, const ByteLevelBpe& bpe);

}  // namespace millrace::datasets
