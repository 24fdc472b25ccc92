// Bytes that keep alive the memory they lie in, and the alignment at which columns start.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace millrace::proto {

/// Columns of our own buffers, and of queue files, start at multiples of this.
inline constexpr std::size_t kColumnAlignment = 64;
/// The next multiple of it.
[[nodiscard]] constexpr std::size_t column_aligned(std::size_t bytes) {
  return (bytes + kColumnAlignment - 1) / kColumnAlignment * kColumnAlignment;
}

/// Bytes and what keeps them alive: a column, a frame of a message, a file.
struct SharedBytes {
  std::shared_ptr<const void> owner;  ///< keeps `bytes` alive
  std::span<const std::byte> bytes;   ///< of a column: [count, …shape], row-major
};

/// The bytes as characters; valid as long as their owner.
[[nodiscard]] inline std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Uninitialised memory of at least `bytes` bytes, aligned for columns.
[[nodiscard]] std::shared_ptr<std::byte> aligned_memory(std::size_t bytes);

}  // namespace millrace::proto
