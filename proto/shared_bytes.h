// Bytes that share the ownership of their memory, and the alignment of columns.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace millrace::proto {

/// `bytes` rounded up to a multiple of `unit`.
[[nodiscard]] constexpr std::size_t rounded_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

/// Columns of buffers and of queue files start at multiples of this.
inline constexpr std::size_t kColumnAlignment = 64;
/// `bytes` rounded up to a multiple of kColumnAlignment.
[[nodiscard]] constexpr std::size_t column_aligned(std::size_t bytes) {
  return rounded_up(bytes, kColumnAlignment);
}

/// A view of bytes and the owner of their memory: a column, a frame of a message, a file.
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
