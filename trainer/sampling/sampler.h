// Writing text with a trained network: one file per way to do it; all are listed in samplers.cc.
//
// All probabilities and draws are in f64: in f32 the rare tokens of a large vocabulary come too
// seldom (arXiv 2409.02908).
#pragma once

#include <cstdint>
#include <functional>

#include "trainer/models/model.h"
#include "trainer/sampling/sample_rng.h"

namespace millrace::trainer {

/// What is to be written: B samples of L tokens, on the network's device.
struct SamplerInput {
  torch::Tensor tokens;  ///< i64 [B, L]
  torch::Tensor fixed;   ///< bool [B, L]: these tokens stay; what stands elsewhere does not matter
};

/// Texts in the middle of being written.
struct SampleStep {
  std::uint64_t step = 0;  ///< steps done; 0: as it begins
  /// I64 [n, l], where l may be any; what is not written yet is the mask, noise, or left out at the
  /// end.
  torch::Tensor tokens;
  std::int64_t first = 0;  ///< the sample of the draft that row 0 is
};
/// Sees every sample at step 0 and after each step; must not change the tokens.
using StepCallback = std::function<void(const SampleStep&)>;

struct Sampled {
  /// I64 [B, L], or as long as the longest text where lengths are its own.
  torch::Tensor tokens;
  /// I64 [B], CPU: so many tokens of each row are its text; undefined: all.
  torch::Tensor lengths{};
  std::uint64_t network_calls = 0;  ///< each for as many samples as needed it
  /// Transitions of which a probability came out negative, and was taken as 0.
  std::uint64_t clamped = 0;
};

class Sampler {
 public:
  virtual ~Sampler() = default;
  /// The caller sees to it that no gradient is recorded. `dice` has B samples.
  [[nodiscard]] Sampled sample(Network& network, const SamplerInput& draft, SampleRng& rng,
                               const StepCallback& on_step = {}) const {
    return write(
        network, draft, rng, on_step ? on_step : [](const SampleStep&) {});
  }

 private:
  [[nodiscard]] virtual Sampled write(Network& network, const SamplerInput& draft, SampleRng& rng,
                                      const StepCallback& on_step) const = 0;
};

}  // namespace millrace::trainer
