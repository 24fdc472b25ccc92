// What `evaluate` finds on the windows of a split: a likelihood or a bound of it, or what a masked
// language model gets right; each number with its standard error. Free of LibTorch.
//
// The standard error is that of a mean over windows: sd / √windows, as if they were drawn
// independently. The draws of a window's noise are part of its spread; since times are spread
// evenly over windows, it errs on the large side.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/checkpoint.h"
#include "proto/types.h"

namespace millrace::trainer {

struct Estimate {
  double value = 0.0;
  std::optional<double> standard_error;  ///< not of a single window
};
/// The mean of values that were drawn independently; at least one.
[[nodiscard]] Estimate mean_of(const std::vector<double>& values);
/// Σ above / Σ below of pairs that were drawn independently, Σ below > 0; its error to first order.
[[nodiscard]] Estimate ratio_of(const std::vector<double>& above, const std::vector<double>& below);

/// "2.5101 ± 0.0312", or the value alone.
[[nodiscard]] std::string to_text(const Estimate& estimate, int digits = 4);

/// Nats per token of a bound in so many diffusion steps.
struct StepsResult {
  std::int64_t timesteps = 0;
  Estimate nats_per_token;
};

/// Windows of which a share in (above, up_to] is to be predicted; above 0 for the first.
struct MaskedRatio {
  double above = 0.0, up_to = 1.0;
  std::uint64_t windows = 0;
  Estimate loss;      ///< nats per target
  Estimate accuracy;  ///< share of targets
};

struct LikelihoodReport {
  std::string objective;
  proto::Split split = proto::Split::kVal;
  /// The first so many samples of the split's first pass, which are in random order.
  std::uint64_t windows = 0;
  std::uint64_t windows_of_split = 0;  ///< all that there are
  std::uint64_t tokens_per_window = 0;
  std::uint32_t samples_per_window = 1;
  std::uint64_t seed = 0;
  std::uint32_t batch_size = 0;
  bool exact = false;       ///< the likelihood itself
  bool characters = false;  ///< a token is a character
  std::string weights;      ///< "ema" or "raw"

  std::optional<Estimate> nats_per_token;  ///< of objectives with a likelihood
  std::vector<StepsResult> by_timesteps;
  std::optional<Estimate> loss, accuracy;  ///< of masked language models
  std::vector<MaskedRatio> by_masked_ratio;

  proto::TrainerState machine;  ///< where it was computed
};

/// One JSON object on a line, with all that is needed to compute it again from the checkpoint.
[[nodiscard]] std::string to_json(const LikelihoodReport& measurement,
                                  const proto::Checkpoint& checkpoint);
/// A few lines for people.
[[nodiscard]] std::string to_text(const LikelihoodReport& measurement);

}  // namespace millrace::trainer
