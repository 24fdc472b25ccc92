// Files of token ids as nanoGPT writes them (train.bin, val.bin): the ids one after the other,
// little-endian, u16 or u32, without a header. Neither the width nor the tokenizer is in the file
// (docs/reference/tokenizing.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "datasets/io/mapped_file.h"
#include "proto/schema.h"

namespace millrace::datasets {

/// The narrower of u16 and u32 that holds ids below `vocab_size`.
[[nodiscard]] proto::WireType token_width(std::uint64_t vocab_size);

/// A mapped token file. Takes no private memory; immutable, so any thread may use one.
class TokenFile {
 public:
  /// `width`: kU16 or kU32. Throws proto::DiskError for a file that cannot be read,
  /// std::runtime_error for one that is empty or whose size is not a multiple of the width.
  TokenFile(const std::filesystem::path& path, proto::WireType width);

  [[nodiscard]] std::uint64_t size() const { return size_; }  ///< tokens
  [[nodiscard]] std::uint32_t operator[](std::uint64_t position) const;

  /// Copies tokens [first, first + out.size()), which must exist, to `out`.
  void read(std::uint64_t first, std::span<std::uint32_t> out) const;

 private:
  template <class Use>
  auto with_ids(const Use& use) const;

  proto::WireType width_;
  MappedFile file_;
  std::uint64_t size_;
};

}  // namespace millrace::datasets
