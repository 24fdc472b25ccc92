// Sampling with a network that says what stands under a mask.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "trainer/objectives/noise.h"
#include "trainer/sampling/logits_filter.h"
#include "trainer/sampling/sampler.h"

namespace millrace::trainer {

/// The moments from noise to text: at moment k each token is masked with probability masked[k], and
/// the network is told time[k]. The last moment is text, its time is told to nobody.
struct MaskedMoments {
  std::vector<double> masked;  ///< falling, the last one 0
  std::vector<double> time;    ///< as many less 1
};
/// t of linspace(1, 1e-5, steps + 1), then text; the network is told σ(t).
[[nodiscard]] MaskedMoments continuous_moments(const Noise& noise, std::uint64_t steps);
/// τ from T down to 0, as evenly as whole numbers can, steps of 1 … T.
[[nodiscard]] MaskedMoments discrete_moments(std::uint32_t timesteps, std::uint64_t steps);

/// Goes through the moments.
[[nodiscard]] std::unique_ptr<Sampler> make_ancestral(std::int64_t mask, MaskedMoments moments,
                                                      const LogitsFilter& filter);

/// Draws when each mask is lifted (arXiv 2409.02908): one at a time, so L network calls a sample
/// whatever the schedule. `time_of` is what the network is told where a token is masked with that
/// probability.
[[nodiscard]] std::unique_ptr<Sampler> make_first_hitting(
    std::int64_t mask, std::function<double(double masked)> time_of, const LogitsFilter& filter);

}  // namespace millrace::trainer
