// Sampling with a network that says scores (SEDD).
#pragma once

#include <memory>

#include "trainer/objectives/sedd.h"
#include "trainer/sampling/sampler.h"

namespace millrace::trainer {

/// How a step goes from t to t − Δt.
enum class ScoreStep {
  kAnalytic,  ///< Tweedie: exact for a single token, whatever Δt
  kEuler      ///< the rate at t, held for Δt
};

/// Through t of linspace(1, 1e-5, steps + 1), then an analytic step to text.
[[nodiscard]] std::unique_ptr<Sampler> make_score_sampler(const AbsorbingSedd& settings,
                                                          ScoreStep step, std::uint64_t steps);
[[nodiscard]] std::unique_ptr<Sampler> make_score_sampler(const UniformSedd& settings,
                                                          ScoreStep step, std::uint64_t steps);

}  // namespace millrace::trainer
