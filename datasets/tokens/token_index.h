// Tokens beside their index, both mapped: token files, and texts that a tokenizer made tokens of.
// Part of open_tokens.h.
//
// Of what it finds in a scan, once: how many tokens, the largest, the content's hash, and where
// documents or lines begin.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "datasets/bpe/byte_level_bpe.h"
#include "datasets/index/indexed_text.h"
#include "datasets/index/splits.h"
#include "datasets/shares.h"
#include "datasets/sources/source_files.h"
#include "proto/schema.h"

namespace millrace::datasets {

/// One run of tokens: an index whose text() are the ids as they lie in a file, of `width`. Its
/// starts() count tokens.
struct TokenRun {
  std::shared_ptr<const IndexedText> index;
  proto::WireType width = proto::WireType::kU16;
  [[nodiscard]] std::uint64_t tokens() const { return index->header().units; }
};

/// A token file. Documents begin behind `end_of_text`, where that is known. Throws
/// std::runtime_error for a file that is empty or whose size is no multiple of the width.
[[nodiscard]] TokenRun open_token_run(const SourceFile& file, proto::WireType width,
                                      std::optional<std::uint32_t> end_of_text,
                                      const std::string& cache);

struct TokenizedText {
  TokenRun run;
  Cuts cuts;  ///< in tokens
};

/// A text as tokens, made once. It is cut as a text (splits.h), and each part encoded on its own,
/// so that the splits of a text hold the same characters whatever its tokenizer. Behind every
/// document stands <|endoftext|>, where the tokenizer has it; else a newline between two, where
/// none is. Starts: of csv and jsonl documents, else tokens with which a line begins.
[[nodiscard]] TokenizedText open_tokenized(const SourceFiles& sources, const DatasetSpec& spec,
                                           Shares shares, const ByteLevelBpe& bpe);

}  // namespace millrace::datasets
