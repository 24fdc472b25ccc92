// Tokenizes a recipe's dataset: opens its documents and its tokenizer, and writes the files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "config/options.h"
#include "tools/tokenize/token_record.h"

namespace millrace::tools {

/// Throws as open_documents, load_bpe and tokenize do; config::UsageError for a recipe without a
/// tokenizer, or whose dataset is tokens already.
TokenRecord tokenize_recipe(const config::DataOptions& data, const std::filesystem::path& out,
                            std::optional<std::uint64_t> shard_tokens);

}  // namespace millrace::tools
