// One simulated run over a network: some producers, a trainer of some ranks, and everything that
// can happen to them, all drawn from one seed. The same seed always gives the same run.
#pragma once

#include <cstdint>

#include "tests/simulator/outcome.h"

namespace millrace::simulator {

/// `trace`: prints what happens to stderr.
[[nodiscard]] Outcome run_leases(std::uint64_t seed, bool trace);

}  // namespace millrace::simulator
