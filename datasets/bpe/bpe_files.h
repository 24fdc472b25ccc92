// The files that tokenizers of byte-level BPE come in (docs/reference/tokenizing.md): one path
// leads to any of them.
//
//   tokenizer.json             of the Python package `tokenizers`
//   vocab.json + merges.txt    also NAME-vocab.json + NAME-merges.txt, and encoder.json + vocab.bpe
//   vocab.bpe alone            its vocabulary follows from it: 256 bytes in the alphabet's order, the merges, <|endoftext|>
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "datasets/bpe/byte_level_bpe.h"

namespace millrace::datasets {

/// The tokenizer at `path`: one of these files, or a folder, in which they are looked for in this
/// order. Throws std::runtime_error naming the file, what is wrong or not implemented, and what to
/// do; never gives one that would encode otherwise than the package does.
[[nodiscard]] std::shared_ptr<const ByteLevelBpe> load_bpe(const std::filesystem::path& path);

/// The same of files' contents; what these throw does not name a file.
[[nodiscard]] BpeParts parse_tokenizer_json(std::string_view text);
[[nodiscard]] BpeParts parse_vocab_and_merges(std::string_view vocab_json, std::string_view merges);
[[nodiscard]] BpeParts parse_vocab_bpe(std::string_view merges);

}  // namespace millrace::datasets
