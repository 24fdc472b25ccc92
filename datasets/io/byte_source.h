// The bytes of a file from its beginning to its end, a piece at a time, decompressed where the
// file's name says so: .gz by zlib, .zst by libzstd. Memory stays bounded, whatever the file's
// size.
//
// One thread per source.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

namespace millrace::datasets {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// The next piece, valid until the next call; empty at the end. Throws std::runtime_error for a
  /// file that cannot be read, or is damaged or cut short ("PATH: …").
  [[nodiscard]] virtual std::string_view next() = 0;
};

enum class Compression : unsigned char { kNone, kGzip, kZstd };

/// By the end of the name: .gz, .zst, else none.
[[nodiscard]] Compression compression_of(const std::filesystem::path& path);
/// The path without .gz or .zst.
[[nodiscard]] std::filesystem::path without_compression(const std::filesystem::path& path);

[[nodiscard]] std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& path);

}  // namespace millrace::datasets
