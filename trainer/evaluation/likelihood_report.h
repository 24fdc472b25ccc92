// The result of `evaluate` on the windows of a split: the NLL or an upper bound, or the loss and
// accuracy of a masked language model; each number with its standard error. Free of LibTorch.
//
// The standard error is that of a mean over windows, sd / √windows, as if they were drawn
// independently. The noise of a window is part of its spread; since times are spread evenly over
// windows, the error is rather too large than too small.
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
  std::optional<double> standard_error;  ///< unset for a single value
};
/// The mean of at least one value, drawn independently.
[[nodiscard]] Estimate mean_of(const std::vector<double>& values);
/// Σ above / Σ below of pairs drawn independently, Σ below > 0; the error to first order.
[[nodiscard]] Estimate ratio_of(const std::vector<double>& above, const std::vector<double>& below);

/// "2.5101 ± 0.0312", or the value alone.
[[nodiscard]] std::string to_text(const Estimate& estimate, int digits = 4);

/// The bound in a number of diffusion steps.
struct StepsResult {
  std::int64_t timesteps = 0;
  Estimate nats_per_token;
};

/// The windows with a mask ratio in (above, up_to]: the share of tokens that are to be predicted.
struct MaskedRatio {
  double above = 0.0, up_to = 1.0;
  std::uint64_t windows = 0;
  Estimate loss;      ///< nats per target
  Estimate accuracy;  ///< share of targets
};

struct LikelihoodReport {
  std::string objective;
  proto::Split split = proto::Split::kVal;
  /// The number of windows measured: the split's first samples, which are in random order.
  std::uint64_t windows = 0;
  std::uint64_t windows_of_split = 0;
  std::uint64_t tokens_per_window = 0;
  std::uint32_t samples_per_window = 1;
  std::uint64_t seed = 0;
  std::uint32_t batch_size = 0;
  bool exact = false;       ///< nats_per_token is the NLL, else an upper bound
  bool characters = false;  ///< every token is a character
  bool averaged = false;    ///< of the parameters' moving average, else of the parameters

  std::optional<Estimate> nats_per_token;  ///< of objectives with a likelihood
  std::vector<StepsResult> by_timesteps;
  std::optional<Estimate> loss, accuracy;  ///< of masked language models
  std::vector<MaskedRatio> by_masked_ratio;

  proto::TrainerState machine;  ///< the machine that computed it, and versions
};

/// One JSON object on a line, with everything needed to repeat the measurement.
[[nodiscard]] std::string to_json(const LikelihoodReport& report,
                                  const proto::Checkpoint& checkpoint);
/// A few lines for people.
[[nodiscard]] std::string to_text(const LikelihoodReport& report);

}  // namespace millrace::trainer
