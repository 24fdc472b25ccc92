// Samplers that follow the scores of a network (SEDD): `analytic` and `euler`.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/objectives/sedd.h"
#include "trainer/sampling/sampler.h"
#include "trainer/sampling/samplers.h"

namespace millrace::trainer {

[[nodiscard]] SamplerEntry analytic_entry();
[[nodiscard]] SamplerEntry euler_entry();

/// How a step goes from t to t − Δt.
enum class ScoreStep {
  kAnalytic,  ///< Tweedie: exact for a single token, whatever Δt
  kEuler      ///< the rate at t, held for Δt
};

/// Goes through the times of time_grid, then takes an analytic step to text.
[[nodiscard]] std::unique_ptr<Sampler> make_score_sampler(const AbsorbingSedd& settings,
                                                          ScoreStep step, std::uint64_t steps);
[[nodiscard]] std::unique_ptr<Sampler> make_score_sampler(const UniformSedd& settings,
                                                          ScoreStep step, std::uint64_t steps);

}  // namespace millrace::trainer
