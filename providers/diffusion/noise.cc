// The thresholds of the two schedules σ(t).
#include "providers/diffusion/noise.h"

#include "config/value_text.h"
#include "datasets/io/fixed_point.h"
#include "providers/random/fixed_math.h"

namespace millrace::providers {
namespace {

std::string describe(const config::ProviderOptions& options) {
  using config::shortest;
  if (options.noise == "loglinear") {
    return "loglinear(noise_eps=" + shortest(options.noise_eps) + ")";
  }
  return "geometric(sigma_min=" + shortest(options.sigma_min) +
         ",sigma_max=" + shortest(options.sigma_max) + ")";
}

}  // namespace

Noise::Noise(const config::ProviderOptions& options)
    : geometric_(options.noise == "geometric"),
      one_minus_eps_(1.0 - options.noise_eps),
      log_sigma_min_(fixed_log(options.sigma_min)),
      log_sigma_rise_(fixed_log(options.sigma_max) - log_sigma_min_),
      name_(describe(options)) {
  assert(options.noise == "loglinear" || options.noise == "geometric");
}

// 1 − e^(−σ) cancels for small σ, but keeps the 32 bits of a threshold.
std::uint64_t Noise::move_threshold(float t) const {
  const auto time = static_cast<double>(t);
  if (!geometric_) return datasets::threshold_of(one_minus_eps_ * time);
  const double sigma = fixed_exp(log_sigma_min_ + time * log_sigma_rise_);
  return datasets::threshold_of(1.0 - fixed_exp(-sigma));
}

}  // namespace millrace::providers
