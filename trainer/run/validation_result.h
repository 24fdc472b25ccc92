// What an evaluation found. Free of LibTorch.
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

struct ValidationResult {
  proto::Split split = proto::Split::kVal;
  double loss = 0.0;  ///< Σ sum / Σ weight over all samples
  std::uint64_t samples = 0;
  std::map<std::string, double> metrics;
  std::vector<StageLoss> stages;  ///< those that had samples, by number
};

}  // namespace millrace::trainer
