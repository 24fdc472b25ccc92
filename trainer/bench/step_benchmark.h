// Times the steps of a recipe's training on batches that are there, without waiting for data, and
// beside them what the machine can do. Free of LibTorch; one rank.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/options.h"

namespace millrace::trainer {

struct StepTiming {
  std::uint64_t repeats = 5;
  std::optional<std::uint64_t> steps;  ///< in a repeat; unset: as many as take about two seconds
};

struct StepTimes {
  std::string device;  ///< "cpu", "cuda:0"
  std::string dtype;   ///< of the matrix products: "float32", "bfloat16", …
  std::uint32_t threads = 0;
  std::uint64_t parameters = 0;
  std::uint64_t sequence = 0;  ///< tokens of a sample that the network sees at once
  std::uint64_t tokens = 0;    ///< of a step
  double model_flops = 0.0;    ///< of a step (model_flops.h)
  /// Resident memory of the process at most, once the steps had all that they need.
  std::uint64_t peak_bytes = 0;

  std::vector<double> step_ms;  ///< every step: forward, backward, clip, optimizer, average
  /// One a repeat: the loss of a step's samples as an evaluation computes it.
  std::vector<double> forward_ms;
  std::uint64_t product_rows = 0;  ///< of the product below: samples of a micro-batch · sequence
  /// One a repeat, after its steps: GFLOP/s of [product_rows, E] × [E, 4·E], in float32, in
  /// bfloat16 and in dtype.
  std::map<std::string, std::vector<double>> product_gflops;
};

/// The recipe's provider computes a few global batches in this process first. Throws as train does.
/// Empty: asked to stop.
[[nodiscard]] std::optional<StepTimes> time_steps(const config::Options& options,
                                                  const StepTiming& timing);

}  // namespace millrace::trainer
