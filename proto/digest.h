// Checksums and digests: xxh64 with seed 0, written as 16 lower-case hex digits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/shared_bytes.h"

namespace millrace::proto {

[[nodiscard]] std::uint64_t xxh64(std::span<const std::byte> bytes);
[[nodiscard]] std::uint64_t xxh64(std::string_view text);
/// The xxh64 of each column.
[[nodiscard]] std::vector<std::uint64_t> checksums(std::span<const SharedBytes> columns);
/// 16 lower-case hex digits.
[[nodiscard]] std::string hex16(std::uint64_t value);

/// The xxh64 of bytes that come in pieces.
class Digest {
 public:
  Digest();
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  void update(std::span<const std::byte> bytes);
  [[nodiscard]] std::uint64_t value() const;

 private:
  void* state_;
};

}  // namespace millrace::proto
