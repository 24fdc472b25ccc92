// Sinusoids and a two-layer MLP (time_embedding.h).
#include "trainer/nn/time_embedding.h"

#include <c10/core/DispatchKeySet.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

namespace millrace::trainer {
namespace {

constexpr std::int64_t kFrequencies = 128;
constexpr double kLongestPeriod = 10000.0;  // over 2π

/// [B] → [B, 2 · kFrequencies] in the same dtype.
torch::Tensor sinusoids(const torch::Tensor& time) {
  const auto k = torch::arange(kFrequencies, time.options());
  const auto angles =
      torch::outer(time, torch::pow(kLongestPeriod, -k / static_cast<double>(kFrequencies)));
  return at::cat({angles.cos(), angles.sin()}, 1);
}

/// Named as in SEDD's Sequential: layers 0 and 2, module 1 being the activation.
struct Sequential : torch::nn::Module {
  Sequential(const std::shared_ptr<Linear>& first, const std::shared_ptr<Linear>& second) {
    register_module("0", first);
    register_module("2", second);
  }
};

}  // namespace

TimeEmbedding::TimeEmbedding(std::int64_t size)
    : first(uniform_linear(size, 2 * kFrequencies, true)),
      second(uniform_linear(size, size, true)) {
  register_module("mlp", std::make_shared<Sequential>(first, second));
}

torch::Tensor TimeEmbedding::operator()(const torch::Tensor& time) const {
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const auto features = sinusoids(time.to(first->weight.scalar_type()));
  return at::silu((*second)(at::silu((*first)(features))));
}

}  // namespace millrace::trainer
