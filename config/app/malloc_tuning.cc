// Thresholds of glibc's malloc.
#include "config/app/malloc_tuning.h"

#include <malloc.h>

namespace millrace::config {
namespace {

[[maybe_unused]] constexpr int kKeptBytes = 1 << 30;

}  // namespace

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, kKeptBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
#endif
}

}  // namespace millrace::config
