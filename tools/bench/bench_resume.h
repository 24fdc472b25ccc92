// Measures the time from `train --resume` to the end of its first step, with a small model and
// running producers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "tools/bench/bench_env.h"
#include "tools/bench/producer_pool.h"

namespace millrace::tools {

/// Seconds from the start of the process to the first line of metrics.jsonl, one value per repeat.
/// Before each, the trainer is killed by SIGKILL after a checkpoint, and stays away for two
/// seconds. `bin`: the folder of the program `train`.
[[nodiscard]] std::vector<double> measure_resumes(const BenchEnv& env, ProducerPool& producers,
                                                  const std::filesystem::path& bin,
                                                  std::uint64_t repeats);

}  // namespace millrace::tools
