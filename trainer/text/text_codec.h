// Texts to tokens and back, with a checkpoint's vocabulary. Free of LibTorch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/bpe/byte_level_bpe.h"
#include "proto/meta.h"

namespace millrace::trainer {

/// Whether every id is the same token in both streams, apart from a mask at the end. If neither
/// stream has a vocabulary: whether they have the same number of tokens.
[[nodiscard]] bool same_tokens(const proto::StreamMeta& one, const proto::StreamMeta& other);

class TextCodec {
 public:
  /// `tokenizer`: the file of the byte-level BPE that the data was encoded with; it is read when
  /// the first text is encoded.
  TextCodec(proto::StreamMeta meta, std::string tokenizer);

  /// `what` names the text in errors. Throws UsageError for a character that the vocabulary lacks,
  /// with its position; for invalid UTF-8; for a tokenizer that is missing or has other tokens; and
  /// if the stream has no vocabulary.
  [[nodiscard]] std::vector<std::int64_t> encode(std::string_view text, const std::string& what);
  /// Valid UTF-8, with U+FFFD in place of invalid bytes; if the stream has no vocabulary, the ids
  /// separated by blanks.
  [[nodiscard]] std::string decode(std::span<const std::int64_t> tokens) const;

 private:
  [[nodiscard]] std::vector<std::int64_t> encode_bytes(std::string_view text,
                                                       const std::string& what);
  [[nodiscard]] std::vector<std::int64_t> encode_characters(std::string_view text,
                                                            const std::string& what) const;

  proto::StreamMeta meta_;
  std::string tokenizer_;
  std::shared_ptr<const datasets::ByteLevelBpe> bpe_;
};

}  // namespace millrace::trainer
