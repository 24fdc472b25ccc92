// One simulated run over a queue folder: processes that are killed in the middle of any operation,
// a disk that loses its power, fills up and damages files, and a queue that somebody clears, all
// drawn from one seed.
#pragma once

#include <cstdint>

#include "tests/simulator/outcome.h"

namespace millrace::simulator {

/// `trace`: prints what happens to stderr.
[[nodiscard]] Outcome run_folder(std::uint64_t seed, bool trace);

}  // namespace millrace::simulator
