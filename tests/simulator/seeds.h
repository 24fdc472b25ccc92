// Which seeds a simulation runs: MILLRACE_SIM_SEEDS of them from MILLRACE_SIM_FIRST on. One alone is replayed with a trace.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace millrace::simulator {

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 1;
};

inline std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

inline Seeds seeds_from_environment(std::uint64_t count) {
  return {number_from_environment("MILLRACE_SIM_FIRST", 1), number_from_environment("MILLRACE_SIM_SEEDS", count)};
}

}  // namespace millrace::simulator
