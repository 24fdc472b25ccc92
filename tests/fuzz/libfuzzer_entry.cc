// The entry point of libFuzzer, built once for each harness; MILLRACE_HARNESS is its function.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/harness.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)millrace::fuzz::MILLRACE_HARNESS({reinterpret_cast<const char*>(data), size});
  return 0;
}
