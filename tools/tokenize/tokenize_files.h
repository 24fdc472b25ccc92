// tokenize CONFIG --out DIR: writes a text's documents as files of token ids, split by split, in
// shards if asked for.
//
// The bytes of every file depend only on the text, the tokenizer and the settings. A file appears
// when it is complete, the first one after meta.json, which records after each file where the text
// continues. So an interrupted run continues at the first missing file, a finished one is left
// unchanged, and one with other inputs is refused. Runs in one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "datasets/bpe/byte_level_bpe.h"
#include "tools/tokenize/split_documents.h"
#include "tools/tokenize/token_record.h"

namespace millrace::tools {

struct TokenizeRequest {
  std::string dataset;                        ///< its name, for people
  std::string place;                          ///< its path, for messages
  std::map<std::string, std::string> inputs;  ///< what determines the documents of the splits
  std::vector<SplitText> splits;
  std::shared_ptr<const datasets::ByteLevelBpe> bpe;
  std::string tokenizer;  ///< its path, for people
  std::filesystem::path out;
  /// Tokens per file, except the last of a split; empty: one file per split.
  std::optional<std::uint64_t> shard_tokens;
};

/// The record of the files, written now or before. Throws config::UsageError for a folder with
/// other inputs (with both values) or with token files but no record; std::runtime_error for a text
/// that cannot be encoded (with the document), and if the process is asked to stop: complete files
/// stay, and the same call continues.
TokenRecord tokenize(const TokenizeRequest& request);

}  // namespace millrace::tools
