// The registry of objectives. An objective is a header and a source file in this folder, and one
// line in objectives.cc (docs/how-to/add_an_objective.md). Free of LibTorch; objective.h has the
// interface.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/options.h"
#include "proto/meta.h"

namespace millrace::trainer {

class Objective;

/// A field of the stream that an objective needs.
struct NeededField {
  proto::Role role = proto::Role::kInput;
  proto::LogicalType type = proto::LogicalType::kI64;
  bool operator==(const NeededField&) const = default;
};
inline constexpr NeededField kInputTokens{proto::Role::kInput, proto::LogicalType::kI64};
inline constexpr NeededField kTargetTokens{proto::Role::kTarget, proto::LogicalType::kI64};
/// t in (0, 1].
inline constexpr NeededField kContinuousTime{proto::Role::kTime, proto::LogicalType::kF32};
/// The step τ, one of 1 … provider.timesteps.
inline constexpr NeededField kTimestep{proto::Role::kTime, proto::LogicalType::kI64};

/// The network's output. It decides which samplers can use the network.
enum class Prediction {
  kNextToken,    ///< the next token of clean text; the network must be causal
  kMaskedToken,  ///< the original of each masked or replaced token, without a diffusion time
  kCleanToken,   ///< the original of each masked token of x_t, at a diffusion time t
  kScore,        ///< the ratios p_t(y)/p_t(x_t) at each position, at a diffusion time t
};

/// How `evaluate` measures −ln p(text).
enum class Likelihood {
  kNone,   ///< not at all: it reports the loss, and the metric `accuracy`, by the share of targets
  kExact,  ///< the loss is its value
  /// By an upper bound. With a continuous time: the mean of the loss over t. With timesteps: a sum
  /// over the steps of cross-entropies from Objective::logits.
  kBound,
};

/// The traits of an objective that other rooms ask for, and how to make it.
struct ObjectiveEntry {
  std::string name;                    ///< as train.objective has it
  std::vector<NeededField> fields;     ///< that the stream must have
  bool needs_mask = false;             ///< whether the stream must have a [MASK] token
  std::vector<std::string> providers;  ///< whose streams have all this, for error messages
  Prediction prediction = Prediction::kMaskedToken;
  Likelihood likelihood = Likelihood::kNone;
  /// The objective, on a stream that has what it needs.
  std::unique_ptr<Objective> (*make)(const config::Options&, const proto::StreamMeta&) = nullptr;

  /// Whether the diffusion has a fixed number of steps, provider.timesteps.
  [[nodiscard]] bool has_timesteps() const;
};

/// The objective that train.objective names, on this stream; if the stream has a prefix, on the
/// target after it (cascade.h). Throws UsageError for an unknown name, listing the known ones; for
/// a stream that does not fit, naming the missing fields; and for a network that would see the
/// answer.
[[nodiscard]] std::unique_ptr<Objective> make_objective(const config::Options& options,
                                                        const proto::StreamMeta& meta);

/// The entry of this name. Throws UsageError as make_objective does.
[[nodiscard]] const ObjectiveEntry& objective_entry(const std::string& name);
/// The names of all objectives, in alphabetical order.
[[nodiscard]] std::vector<std::string> objective_names();
/// Adds an objective that is not built in, before another thread uses the registry. Throws
/// std::invalid_argument for a name that is taken.
void add_objective(ObjectiveEntry entry);

}  // namespace millrace::trainer
