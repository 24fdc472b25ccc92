// Times and noise from a counter (eval_noise.h).
#include "trainer/evaluation/eval_noise.h"

#include "trainer/base/seeds.h"
#include "trainer/sampling/sample_rng.h"

namespace millrace::trainer {
namespace {

std::uint64_t key_of(const EvalNoise& noise, std::uint64_t window, std::uint32_t draw) {
  return splitmix64(splitmix64(splitmix64(noise.seed) + window) + draw);
}

constexpr std::uint64_t kTimeWord = ~std::uint64_t{0};  // no position has this number

}  // namespace

torch::Tensor EvalNoise::uniform(std::uint64_t first, std::int64_t count,
                                 std::uint32_t draw) const {
  auto values = torch::empty({count}, torch::kFloat64);
  auto* const value = values.mutable_data_ptr<double>();
  for (std::int64_t b = 0; b < count; ++b) {
    const std::uint64_t window = first + static_cast<std::uint64_t>(b);
    const double jitter = unit_interval(splitmix64(key_of(*this, window, draw) + kTimeWord));
    const double within = (static_cast<double>(window) + jitter) / static_cast<double>(windows);
    value[b] = (draw + within) / draws;
  }
  return values.clamp_max_(1.0 - 0x1p-53);
}

torch::Tensor EvalNoise::noised(const torch::Tensor& x0, const torch::Tensor& moved,
                                std::uint64_t first, std::uint32_t draw) const {
  const std::int64_t length = x0.size(1);
  auto x = x0.to(torch::kCPU, torch::kInt64).contiguous().clone();
  const auto share = moved.to(torch::kCPU, torch::kFloat64).contiguous();
  auto* const tokens = x.mutable_data_ptr<std::int64_t>();
  const auto* const shares = share.const_data_ptr<double>();
  for (std::int64_t b = 0; b < x.size(0); ++b) {
    const std::uint64_t key = key_of(*this, first + static_cast<std::uint64_t>(b), draw);
    for (std::int64_t i = 0; i < length; ++i) {
      const std::uint64_t word = 2 * static_cast<std::uint64_t>(i);
      if (unit_interval(splitmix64(key + word)) >= shares[b]) continue;
      tokens[b * length + i] =
          mask ? *mask
               : static_cast<std::int64_t>(unit_interval(splitmix64(key + word + 1)) *
                                           static_cast<double>(states));
    }
  }
  return x.to(x0.device());
}

}  // namespace millrace::trainer
