// What the machine itself can do, measured beside what is measured of us.
#pragma once

#include <cstddef>
#include <vector>

namespace millrace::tools {

/// Copies memory to memory on one core, more of it than caches hold. It keeps its 128 MiB from one
/// measurement to the next.
class MemoryCopy {
 public:
  MemoryCopy();

  /// Bytes copied a second, by one copy of 64 MiB.
  [[nodiscard]] double bytes_per_s();

 private:
  std::vector<std::byte> from_;
  std::vector<std::byte> to_;
};

}  // namespace millrace::tools
