// Measures a model on the windows of a split, in one process: its NLL, an upper bound, or what a
// masked language model gets right. likelihood_report.h has the result.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/options.h"
#include "consumer/batch_source.h"
#include "trainer/device/precision.h"
#include "trainer/evaluation/likelihood_report.h"
#include "trainer/models/model.h"

namespace millrace::trainer {

struct LikelihoodPlan {
  proto::Split split = proto::Split::kVal;
  std::uint64_t windows = 1;  ///< at most as many as the split has
  std::uint32_t samples_per_window = 1;
  std::uint64_t seed = 0;
  std::vector<std::int64_t> timesteps;  ///< for each also the bound in so many diffusion steps
  Precision precision;
  torch::Device device = torch::kCPU;
};

/// Throws UsageError for a number of timesteps that the objective or its noise does not allow.
void require_timesteps(const config::Options& options, const proto::StreamMeta& meta,
                       const std::vector<std::int64_t>& timesteps);

/// The model must be in evaluation mode. Empty: asked to stop.
[[nodiscard]] std::optional<LikelihoodReport> measure_likelihood(Model& model,
                                                                 const config::Options& options,
                                                                 consumer::BatchSource& source,
                                                                 const LikelihoodPlan& plan);

}  // namespace millrace::trainer
