// Files of token ids as nanoGPT has them: train.bin, val.bin. Nothing but the ids, one after the
// other, little-endian, u16 or u32; which of the two it is, and whose ids they are, the file does
// not say (docs/reference/tokenizing.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "datasets/io/mapped_file.h"
#include "proto/schema.h"

namespace millrace::datasets {

/// The narrower of u16 and u32 that holds ids below `vocab_size`.
[[nodiscard]] proto::WireType token_width(std::uint64_t vocab_size);

/// A token and where it stands.
struct TokenAt {
  std::uint32_t id = 0;
  std::uint64_t position = 0;
};

/// A mapped file: immutable, so any thread may use one, and no private memory.
class TokenFile {
 public:
  /// Throws proto::DiskError for a file that cannot be read, std::runtime_error for one that is
  /// empty or whose size is no multiple of the width (kU16 or kU32).
  TokenFile(const std::filesystem::path& path, proto::WireType width);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] proto::WireType width() const { return width_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }  ///< tokens
  [[nodiscard]] std::uint32_t operator[](std::uint64_t position) const;

  /// Tokens [first, first + out.size()); all must be there, and Token must hold them.
  void read(std::uint64_t first, std::span<std::uint8_t> out) const;
  void read(std::uint64_t first, std::span<std::uint16_t> out) const;
  void read(std::uint64_t first, std::span<std::uint32_t> out) const;

  /// The first of the tokens with the largest id. Reads all of the file.
  [[nodiscard]] TokenAt largest() const;
  /// Throws std::runtime_error naming the first token that is not below `vocab_size`. Reads all of
  /// the file.
  void check_ids(std::uint64_t vocab_size) const;

 private:
  template <class Use>
  auto with_ids(const Use& use) const;

  std::filesystem::path path_;
  proto::WireType width_;
  MappedFile file_;
  std::uint64_t size_;
};

}  // namespace millrace::datasets
