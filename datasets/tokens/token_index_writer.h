// Writes the index of tokens that come in pieces, with or without the tokens themselves. Memory
// stays bounded.
//
// One thread. Every call throws proto::DiskError where the disk fails.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "datasets/index/section_writer.h"
#include "proto/digest.h"
#include "proto/schema.h"

namespace millrace::datasets {

/// The rule for line (or document) starts: the first token behind one of `ends` that is not one of
/// `blank`. Both by id.
struct StartRules {
  std::vector<bool> ends{};
  std::vector<bool> blank{};
};

class TokenIndexWriter {
 public:
  /// `keep_tokens`: writes the tokens into the index.
  TokenIndexWriter(const IndexPlace& place, proto::WireType width, bool keep_tokens,
                   StartRules rules);

  /// A line or document begins with the next token that is not blank.
  void start() { at_start_ = true; }
  void take(std::span<const std::uint32_t> ids);
  [[nodiscard]] std::uint64_t tokens() const { return tokens_; }

  /// The tokens with which val and test begin.
  void set_cuts(std::uint64_t val_first, std::uint64_t test_first);
  /// Returns the complete index. `source`: what it was made of.
  [[nodiscard]] GrowingFile finish(std::string_view source);

 private:
  void scan(std::uint32_t id);

  StartRules rules_;
  SectionWriter out_;
  GrowingFile starts_;
  proto::Digest digest_;
  proto::WireType width_;
  bool keep_tokens_;
  bool at_start_ = false;
  std::uint64_t tokens_ = 0;
  std::vector<std::uint16_t> narrow_;
};

}  // namespace millrace::datasets
