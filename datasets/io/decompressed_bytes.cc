// Counting against the limit (decompressed_bytes.h).
#include "datasets/io/decompressed_bytes.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

namespace millrace::datasets {
namespace {

std::uint64_t suggested_by(std::uint64_t compressed) {
  const std::uint64_t fits = std::numeric_limits<std::uint64_t>::max() / kMostRatio;
  return std::max(kMostDecompressed, kMostRatio * std::min(compressed, fits));
}

}  // namespace

DecompressedBytes::DecompressedBytes(std::uint64_t compressed, std::uint64_t most)
    : compressed_(compressed), most_(most == 0 ? suggested_by(compressed) : most) {}

void DecompressedBytes::count(std::uint64_t bytes, const std::filesystem::path& path) {
  so_far_ += bytes;
  if (so_far_ <= most_) return;
  throw std::runtime_error(path.string() + ": " + std::to_string(compressed_) +
                           " compressed bytes became more than " + std::to_string(most_) +
                           ", the limit; if the text is as large as that, raise it with "
                           "--data.max_decompressed_bytes=N");
}

}  // namespace millrace::datasets
