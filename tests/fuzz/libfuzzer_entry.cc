// What libFuzzer calls; built once per harness, with its function as MILLRACE_HARNESS.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/harness.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)millrace::fuzz::MILLRACE_HARNESS({reinterpret_cast<const char*>(data), size});
  return 0;
}
