// Aligned memory for columns.
#include "proto/shared_bytes.h"

#include <algorithm>
#include <new>

namespace millrace::proto {
namespace {

struct AlignedDelete {
  void operator()(std::byte* memory) const {
    ::operator delete[](memory, std::align_val_t{kColumnAlignment});
  }
};

}  // namespace

std::shared_ptr<std::byte> aligned_memory(std::size_t bytes) {
  void* raw =
      ::operator new[](std::max(bytes, kColumnAlignment), std::align_val_t{kColumnAlignment});
  return {static_cast<std::byte*>(raw), AlignedDelete{}};
}

}  // namespace millrace::proto
