// The two noise schedules (noise.h).
#include "trainer/objectives/noise.h"

#include <cmath>

namespace millrace::trainer {
namespace {

class Loglinear : public Noise {
 public:
  explicit Loglinear(double eps) : reach_(1.0 - eps) {}
  torch::Tensor total(const torch::Tensor& t) const override { return -torch::log1p(-noised(t)); }
  torch::Tensor rate(const torch::Tensor& t) const override { return reach_ / (1.0 - noised(t)); }

 private:
  /// The share of tokens that are noised at time t.
  [[nodiscard]] torch::Tensor noised(const torch::Tensor& t) const {
    return reach_ * t.to(torch::kFloat64);
  }
  double reach_;  ///< that share at t = 1
};

class Geometric : public Noise {
 public:
  Geometric(double sigma_min, double sigma_max)
      : log_min_(std::log(sigma_min)), log_ratio_(std::log(sigma_max / sigma_min)) {}
  torch::Tensor total(const torch::Tensor& t) const override {
    return torch::exp(log_min_ + log_ratio_ * t.to(torch::kFloat64));
  }
  torch::Tensor rate(const torch::Tensor& t) const override { return log_ratio_ * total(t); }

 private:
  double log_min_, log_ratio_;
};

}  // namespace

std::shared_ptr<const Noise> make_noise(const config::ProviderOptions& provider) {
  if (provider.noise == "geometric") {
    return std::make_shared<Geometric>(provider.sigma_min, provider.sigma_max);
  }
  return std::make_shared<Loglinear>(provider.noise_eps);
}

}  // namespace millrace::trainer
