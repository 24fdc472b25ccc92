// The bytes of a file in pieces, from beginning to end, decompressed where the name ends in .gz
// (zlib) or .zst (libzstd). Takes bounded memory, whatever the file's size.
//
// One thread for each source.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

namespace millrace::datasets {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// The next piece, valid until the next call; empty at the end. Throws std::runtime_error
  /// "PATH: …" for a file that cannot be read, is damaged or is cut short.
  [[nodiscard]] virtual std::string_view next() = 0;
};

enum class Compression : unsigned char { kNone, kGzip, kZstd };

/// The compression that the end of the name stands for: .gz, .zst, else none.
[[nodiscard]] Compression compression_of(const std::filesystem::path& path);
/// The path without .gz or .zst.
[[nodiscard]] std::filesystem::path without_compression(const std::filesystem::path& path);

/// Throws as ByteSource::next() for a file that cannot be opened.
[[nodiscard]] std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& path);

}  // namespace millrace::datasets
