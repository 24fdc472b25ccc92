// The seeds of a simulation: MILLRACE_SIM_SEEDS of them, from MILLRACE_SIM_FIRST on. A single seed
// is replayed with a trace.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/simulator/outcome.h"

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
  return {number_from_environment("MILLRACE_SIM_FIRST", 1),
          number_from_environment("MILLRACE_SIM_SEEDS", count)};
}

/// Runs seeds up to the first that fails. Returns the sum of the outcomes, with that seed's failure
/// and how to replay it.
template <class Run>
[[nodiscard]] Outcome run_seeds(const Seeds& seeds, Run run) {
  Outcome sum;
  for (std::uint64_t seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    const Outcome outcome = run(seed, seeds.count == 1);
    sum.add(outcome);
    if (outcome.failure.empty()) continue;
    sum.failure = "seed " + std::to_string(seed) + ": " + outcome.failure +
                  "; replay it with MILLRACE_SIM_FIRST=" + std::to_string(seed) +
                  " MILLRACE_SIM_SEEDS=1";
    break;
  }
  return sum;
}

}  // namespace millrace::simulator
