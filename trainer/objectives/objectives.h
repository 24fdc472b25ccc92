// The table of contents of all objectives.
#pragma once

#include <memory>
#include <string>

#include "config/options.h"
#include "proto/meta.h"
#include "trainer/objectives/objective.h"

namespace millrace::trainer {

/// The objective that train.objective names, on this stream; where the stream has a prefix, on the
/// target behind it. Throws UsageError for an unknown name, listing the known ones; for a stream
/// that does not fit, naming the fields that are missing; and for a network that would see the
/// answer.
[[nodiscard]] std::unique_ptr<Objective> make_objective(const config::Options& options,
                                                        const proto::StreamMeta& meta);

/// What an objective's loss says of −ln p(text).
enum class Likelihood {
  kNone,        ///< nothing
  kExact,       ///< is it
  kContinuous,  ///< a bound, as a mean over t in (ε_s, 1]
  kSteps,       ///< a bound in T steps has to be computed beside it
};
/// Of an objective that make_objective knows.
[[nodiscard]] Likelihood likelihood_of(const std::string& objective);

}  // namespace millrace::trainer
