// A benchmark of a recipe's training steps, on batches that are in memory, beside matrix products
// on the same machine. Free of LibTorch; one rank.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/options.h"

namespace millrace::trainer {

struct StepTimesRequest {
  std::uint64_t repeats = 5;
  std::optional<std::uint64_t> steps;  ///< of a repeat; unset: as many as take about two seconds
};

struct StepTimes {
  std::string device;  ///< "cpu", "cuda:0"
  std::string dtype;   ///< of the model's matrix products: "float32", "bfloat16", …
  std::uint32_t threads = 0;
  std::uint64_t parameters = 0;
  std::uint64_t sequence = 0;  ///< tokens of a sample in the network's input
  std::uint64_t tokens = 0;    ///< of a step
  double model_flops = 0.0;    ///< of a step (model_flops.h)
  /// The process's peak resident memory after the first steps, bytes.
  std::uint64_t peak_bytes = 0;

  std::vector<double> step_ms;  ///< each step: forward, backward, clip, optimizer, moving average
  /// One per repeat: a step's samples forward, as an evaluation computes their loss.
  std::vector<double> forward_ms;
  std::uint64_t product_rows = 0;  ///< of the products: samples of a micro-batch · sequence
  /// One per repeat, after its steps: GFLOP/s of [product_rows, E] × [E, 4·E] in float32, in
  /// bfloat16 and in dtype.
  std::map<std::string, std::vector<double>> product_gflops;
};

/// First lets the recipe's provider compute a few global batches in this process. Throws as train
/// does. Empty: asked to stop.
[[nodiscard]] std::optional<StepTimes> time_steps(const config::Options& options,
                                                  const StepTimesRequest& request);

}  // namespace millrace::trainer
