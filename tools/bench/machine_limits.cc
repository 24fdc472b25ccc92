// A copy between two buffers.
#include "tools/bench/machine_limits.h"

#include <cstring>

#include "tools/bench/bench_waits.h"

namespace millrace::tools {
namespace {

constexpr std::size_t kBytes = std::size_t{64} << 20;

}  // namespace

MemoryCopy::MemoryCopy() : from_(kBytes, std::byte{1}), to_(kBytes, std::byte{2}) {}

double MemoryCopy::bytes_per_s() {
  const auto start = Clock::now();
  std::memcpy(to_.data(), from_.data(), kBytes);
  const double seconds = seconds_since(start);
  from_[0] = to_[kBytes - 1];  // keeps the compiler from removing the copy
  return static_cast<double>(kBytes) / seconds;
}

}  // namespace millrace::tools
