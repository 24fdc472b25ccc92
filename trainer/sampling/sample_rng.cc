// SplitMix64 (Steele, Lea, Flood, OOPSLA'14), and draws by inverting the distribution function
// (sample_rng.h).
#include "trainer/sampling/sample_rng.h"

#include "trainer/base/seeds.h"

namespace millrace::trainer {
namespace {

constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;  // from one state of SplitMix64 to the next

}  // namespace

SampleRng::SampleRng(std::uint64_t seed, std::uint64_t first, std::int64_t samples)
    : states_(static_cast<std::size_t>(samples)) {
  for (std::uint64_t& state : states_) state = splitmix64(splitmix64(splitmix64(seed)) + first++);
}

torch::Tensor SampleRng::uniform(std::int64_t count, torch::Device device) {
  auto numbers = torch::empty({static_cast<std::int64_t>(states_.size()), count}, torch::kFloat64);
  auto* next = numbers.data_ptr<double>();
  for (std::uint64_t& state : states_) {
    for (std::int64_t i = 0; i < count; ++i, state += kStep) {
      *next++ = unit_interval(splitmix64(state));
    }
  }
  return numbers.to(device);
}

torch::Tensor draw(const torch::Tensor& probabilities, const torch::Tensor& u) {
  const auto reached = probabilities.cumsum(1);
  // Below the sum, also after rounding, since u ≤ 1 − 2^−53.
  const auto wanted = (u * reached.select(1, -1)).unsqueeze(1);
  return at::searchsorted(reached, wanted, false, true).squeeze(1);
}

}  // namespace millrace::trainer
