// The interface of a sampler: how a trained network writes texts. samplers.h lists all samplers.
//
// All probabilities and draws are in f64: in f32 the rare tokens of a large vocabulary come too
// seldom (arXiv 2409.02908).
#pragma once

#include <cstdint>
#include <functional>

#include "trainer/models/model.h"
#include "trainer/sampling/sample_rng.h"

namespace millrace::trainer {

/// The texts to write: B samples of L tokens, on the network's device.
struct SamplerInput {
  torch::Tensor tokens;  ///< i64 [B, L]
  torch::Tensor fixed;   ///< bool [B, L]: given tokens, which stay; the others do not matter
};

/// Some of the texts after one step.
struct SampleStep {
  std::uint64_t step = 0;  ///< steps done; 0: before the first
  /// i64 [n, l], any l. A token that is not written yet is the mask or noise, or left out at the
  /// end.
  torch::Tensor tokens;
  std::int64_t first = 0;  ///< row 0 is this sample of the input
};
/// Called with every sample at step 0 and after each step. Must not change the tokens.
using StepCallback = std::function<void(const SampleStep&)>;

struct Sampled {
  /// i64 [B, L]; where texts have lengths of their own, L is the longest one's.
  torch::Tensor tokens;
  /// i64 [B], CPU: the text is so many tokens of its row; undefined: all.
  torch::Tensor lengths{};
  std::uint64_t network_calls = 0;  ///< each with only the samples that needed it
  /// Transitions with a probability that came out negative and was taken as 0.
  std::uint64_t clamped = 0;
};

class Sampler {
 public:
  virtual ~Sampler() = default;
  /// Writes the texts. `rng` is for B samples. Call it with gradients off.
  [[nodiscard]] Sampled sample(Network& network, const SamplerInput& input, SampleRng& rng,
                               const StepCallback& on_step = {}) const {
    return write(
        network, input, rng, on_step ? on_step : [](const SampleStep&) {});
  }

 private:
  /// `on_step` is never empty.
  [[nodiscard]] virtual Sampled write(Network& network, const SamplerInput& input, SampleRng& rng,
                                      const StepCallback& on_step) const = 0;
};

/// The times of samplers in continuous time: `steps` equal steps from 1 to 1e-5, f64 [steps + 1].
/// One more step leads from the last time to text.
[[nodiscard]] inline torch::Tensor time_grid(std::uint64_t steps) {
  return torch::linspace(1.0, 1e-5, static_cast<std::int64_t>(steps) + 1, torch::kFloat64);
}

}  // namespace millrace::trainer
