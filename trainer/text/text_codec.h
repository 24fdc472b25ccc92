// Texts to tokens and back, by a checkpoint's own vocabulary. Free of LibTorch.
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

/// Whether every id is the same token in both streams, a mask at the end aside. Where both know
/// their tokens by id alone: whether these are as many.
[[nodiscard]] bool same_tokens(const proto::StreamMeta& one, const proto::StreamMeta& other);

class TextCodec {
 public:
  /// `tokenizer`: the path of the byte-level BPE that the text was encoded with; it is read when a
  /// text is encoded first.
  TextCodec(proto::StreamMeta meta, std::string tokenizer);

  /// Throws UsageError for a character that the vocabulary lacks, with its place; for what is no
  /// UTF-8; for a tokenizer that is missing or another one; and where the vocabulary is unknown.
  /// `what` names the text in errors.
  [[nodiscard]] std::vector<std::int64_t> encode(std::string_view text, const std::string& what);
  /// Valid UTF-8: U+FFFD for what is none. Where the vocabulary is unknown the ids, with blanks
  /// between.
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
