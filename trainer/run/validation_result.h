// The result of an evaluation: losses and metrics. Free of LibTorch.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proto/types.h"

namespace millrace::trainer {

struct StageLoss {
  std::string stage;  ///< its name in the stream's meta
  double loss = 0.0;
  std::uint64_t samples = 0;
};

/// Over all ranks.
struct ValidationResult {
  proto::Split split = proto::Split::kVal;
  double loss = 0.0;  ///< Σ sum / Σ weight over all samples
  std::uint64_t samples = 0;
  std::map<std::string, double> metrics;  ///< the objective's, each Σ value / Σ weight
  std::vector<StageLoss> stages;          ///< of the stages that had samples, by number
};

}  // namespace millrace::trainer
