// Opens token files, and encodes texts by a tokenizer: mapped tokens with their index. One scan
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

/// Consecutive tokens: an index whose text() is their ids, little-endian, in `width`. Its starts()
/// count tokens.
struct TokenRun {
  std::shared_ptr<const IndexedText> index;
  proto::WireType width = proto::WireType::kU16;
  [[nodiscard]] std::uint64_t tokens() const { return index->header().units; }
};

/// Opens a token file. Documents begin behind each token `end_of_text`, if that is given. `spec`:
/// how its index is cached. Throws std::runtime_error for a file that is empty, whose size is not a
/// multiple of the width, or that check_token_file() refuses; `width_is_known` is for that.
[[nodiscard]] TokenRun open_token_run(const SourceFile& file, proto::WireType width,
                                      bool width_is_known, std::optional<std::uint32_t> end_of_text,
                                      const DatasetSpec& spec);

/// An encoded text.
struct TokenizedText {
  TokenRun run;
  Cuts cuts;  ///< in tokens
};

/// Encodes a text, once, into its index. The text is cut into splits before it is encoded
/// (splits.h), and each split is encoded on its own, so splits have the same characters whatever
/// the tokenizer. Each document is followed by <|endoftext|> if the tokenizer has it; otherwise by
/// a newline, unless it ends with one or is the last of its split. starts() are those of documents
/// if the format has records, else those of lines.
[[nodiscard]] TokenizedText open_tokenized(const SourceFiles& sources, const DatasetSpec& spec,
                                           Shares shares, const ByteLevelBpe& bpe);

}  // namespace millrace::datasets
