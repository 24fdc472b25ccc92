// Loading tokenizers of byte-level BPE from their files (docs/reference/tokenizing.md):
//
//   tokenizer.json             of the Python package `tokenizers`
//   vocab.json + merges.txt    also NAME-vocab.json + NAME-merges.txt, and encoder.json + vocab.bpe
//   vocab.bpe alone            its vocabulary is the 256 bytes in the order of byte_alphabet.h, the
//                              merges, <|endoftext|>
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "datasets/bpe/byte_level_bpe.h"

namespace millrace::datasets {

/// The tokenizer at `path`: one of these files, or a folder, which is searched for them in this
/// order. Throws std::runtime_error naming the file, what is wrong or not implemented, and what to
/// do. A tokenizer that it returns encodes exactly as the Python package.
[[nodiscard]] std::shared_ptr<const ByteLevelBpe> load_bpe(const std::filesystem::path& path);

/// The same for the contents of files; these errors do not name a file.
[[nodiscard]] BpeParts parse_tokenizer_json(std::string_view text);
[[nodiscard]] BpeParts parse_vocab_and_merges(std::string_view vocab_json, std::string_view merges);
[[nodiscard]] BpeParts parse_vocab_bpe(std::string_view merges);

}  // namespace millrace::datasets
