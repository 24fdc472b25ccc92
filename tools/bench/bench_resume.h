// The time from `train --resume` to the end of its first step, with a small model and producers
// that stayed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "tools/bench/bench_env.h"
#include "tools/bench/producer_pool.h"

namespace millrace::tools {

/// Seconds from the start of the process to the first line of metrics.jsonl, one a repeat. Each
/// time the trainer was killed by SIGKILL, with a checkpoint behind it, and away for two seconds.
/// `bin`: the folder of the program `train`.
[[nodiscard]] std::vector<double> measure_resumes(const BenchEnv& place, ProducerPool& crew,
                                                  const std::filesystem::path& bin,
                                                  std::uint64_t repeats);

}  // namespace millrace::tools
