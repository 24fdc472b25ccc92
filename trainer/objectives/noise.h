// Noise schedules of continuous time (arXiv 2310.16834, section 5.1 and appendix C.1): σ(t) is the
// total noise at time t in [0, 1] and σ'(t) its rate; noise leaves a token unchanged with
// probability e^(−σ).
//
//     loglinear:  σ = −ln(1 − (1−ε)t)        σ' = (1−ε) / (1 − (1−ε)t), so 1 − e^(−σ) = (1−ε)t
//     geometric:  σ = σmin^(1−t) · σmax^t    σ' = σ · ln(σmax/σmin)
//
// Test: tests/trainer/objectives/noise_test.cc.
#pragma once

#include <memory>

#include "config/options.h"
#include "trainer/base/torch.h"

namespace millrace::trainer {

class Noise {
 public:
  virtual ~Noise() = default;
  /// t of any shape → σ(t), f64.
  [[nodiscard]] virtual torch::Tensor total(const torch::Tensor& t) const = 0;
  /// t of any shape → σ'(t), f64.
  [[nodiscard]] virtual torch::Tensor rate(const torch::Tensor& t) const = 0;
};

/// The schedule that provider.noise names, with provider.noise_eps, or sigma_min and sigma_max.
[[nodiscard]] std::shared_ptr<const Noise> make_noise(const config::ProviderOptions& provider);

}  // namespace millrace::trainer
