// The machine's own limit for memory, measured beside the programs.
#pragma once

#include <cstddef>
#include <vector>

namespace millrace::tools {

/// Copies memory on one core, more than the caches hold. Keeps its 128 MiB between measurements.
class MemoryCopy {
 public:
  MemoryCopy();

  /// Bytes copied per second, measured by one copy of 64 MiB.
  [[nodiscard]] double bytes_per_s();

 private:
  std::vector<std::byte> from_;
  std::vector<std::byte> to_;
};

}  // namespace millrace::tools
