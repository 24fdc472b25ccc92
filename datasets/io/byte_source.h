// Reads the bytes of a file in pieces, from beginning to end, decompressed if the name ends in .gz
// (zlib) or .zst (libzstd). Memory is bounded, whatever the file's size: 2 MiB, and for zstd the
// window of its file, up to 2 GiB.
//
// One thread for each source.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

#include "datasets/io/decompressed_bytes.h"

namespace millrace::datasets {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// The next piece, valid until the next call; empty at the end. Throws std::runtime_error
  /// "PATH: …" for a file that cannot be read, is damaged, is cut short or unpacks to too much.
  [[nodiscard]] virtual std::string_view next() = 0;
};

enum class Compression : unsigned char { kNone, kGzip, kZstd };

/// The compression that the end of the name stands for, in any case: .gz, .zst, else none.
[[nodiscard]] Compression compression_of(const std::filesystem::path& path);
/// The path without .gz or .zst.
[[nodiscard]] std::filesystem::path without_compression(const std::filesystem::path& path);

/// Opens a file. What comes out of a compressed one is counted by `decompressed`, which must
/// outlive the source and whose limit next() keeps. Throws what ByteSource::next() throws if it
/// cannot be opened.
[[nodiscard]] std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& path,
                                                     DecompressedBytes& decompressed);

}  // namespace millrace::datasets
