// tokenize CONFIG --out DIR: a text's documents as files of token ids, a split after the other, in
// shards where that is asked for.
//
// The bytes of every file follow from the text, the tokenizer and the settings alone. A file
// appears when it is whole, the first behind meta.json, which says after each where the text goes
// on; so a run that was interrupted goes on at the first file that is missing, one that is finished
// is left as it is, and one whose inputs have changed is refused. Runs in one thread.
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

struct TokenizeJob {
  std::string dataset;                        ///< its name, for people
  std::string place;                          ///< its path, for messages
  std::map<std::string, std::string> inputs;  ///< what decides the documents of the splits
  std::vector<SplitText> splits;
  std::shared_ptr<const datasets::ByteLevelBpe> bpe;
  std::string tokenizer;  ///< its path, for people
  std::filesystem::path out;
  /// Of each file of a split but its last; empty: a split is one file.
  std::optional<std::uint64_t> shard_tokens;
};

/// What was written, or had been. Throws config::UsageError for a folder whose record is of other
/// inputs (naming both values) or that has token files without a record; std::runtime_error for a
/// text that cannot be encoded (naming the document), and where the process is asked to stop: what
/// is whole then stays, and the same call goes on.
TokenRecord tokenize(const TokenizeJob& job);

}  // namespace millrace::tools
