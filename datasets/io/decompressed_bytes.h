// The limit on what the compressed files of a dataset may become, together: a few KiB can unpack to
// more than any disk holds.
#pragma once

#include <cstdint>
#include <filesystem>

namespace millrace::datasets {

/// Without a limit of the recipe's, compressed files may become kMostDecompressed bytes, or
/// kMostRatio times their own size where that is more. By gzip Shakespeare shrinks 2.6 times, a
/// manual in HTML 4 times, a log whose lines are alike 17 times.
inline constexpr std::uint64_t kMostDecompressed = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kMostRatio = 100;

/// Counts the bytes that come out of compressed files. One thread.
class DecompressedBytes {
 public:
  /// `compressed`: bytes of all the compressed files. `most`: data.max_decompressed_bytes; 0: by
  /// their size.
  DecompressedBytes(std::uint64_t compressed, std::uint64_t most);

  /// Counts bytes that came out of a file. Throws std::runtime_error "PATH: …", with both numbers
  /// and the key that raises the limit, where they are more than the limit.
  void count(std::uint64_t bytes, const std::filesystem::path& path);

 private:
  std::uint64_t compressed_;
  std::uint64_t most_;
  std::uint64_t so_far_ = 0;
};

}  // namespace millrace::datasets
