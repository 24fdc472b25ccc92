// Samplers of masked diffusion: `ancestral` and `first_hitting`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "trainer/objectives/noise.h"
#include "trainer/sampling/logits_filter.h"
#include "trainer/sampling/sampler.h"
#include "trainer/sampling/samplers.h"

namespace millrace::trainer {

[[nodiscard]] SamplerEntry ancestral_entry();
[[nodiscard]] SamplerEntry first_hitting_entry();

/// The moments on the way from all masks to text. At moment k each token is masked with probability
/// masked[k], and the network is told time[k]. The last moment is text; the network never sees it.
struct MaskedMoments {
  std::vector<double> masked;  ///< falling to 0
  std::vector<double> time;    ///< one fewer
};
/// The times of time_grid, then text; the network is told σ(t).
[[nodiscard]] MaskedMoments continuous_moments(const Noise& noise, std::uint64_t steps);
/// τ from `timesteps` down to 0, as evenly as whole numbers can; steps of 1 … timesteps.
[[nodiscard]] MaskedMoments discrete_moments(std::uint32_t timesteps, std::uint64_t steps);

/// Goes through the moments.
[[nodiscard]] std::unique_ptr<Sampler> make_ancestral(std::int64_t mask, MaskedMoments moments,
                                                      const LogitsFilter& filter);

/// Unmasks one position at a time, so a sample of L masks takes L network calls. `time_of`: the
/// time that the network is told where each token is masked with probability `masked`.
[[nodiscard]] std::unique_ptr<Sampler> make_first_hitting(
    std::int64_t mask, std::function<double(double masked)> time_of, const LogitsFilter& filter);

}  // namespace millrace::trainer
