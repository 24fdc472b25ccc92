// The registry of samplers. A sampler is a header and a source file in this folder, and one line in
// samplers.cc (docs/how-to/add_a_sampler.md). Free of LibTorch.
#pragma once

#include <any>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "config/app/command_line.h"
#include "config/options.h"
#include "proto/meta.h"
#include "trainer/objectives/objectives.h"
#include "trainer/sampling/sampling_options.h"

namespace millrace::trainer {

class Sampler;

/// Everything that a sampler is made from.
struct SamplerRequest {
  const config::Options& options;   ///< the checkpoint's recipe
  const ObjectiveEntry& objective;  ///< what train.objective names
  const proto::StreamMeta& meta;    ///< the checkpoint's stream
  std::uint64_t steps = 1;
  LogitsFilter filter{};
  const std::any& settings;  ///< the sampler's own (SamplingOptions::settings)

  /// The id of [MASK]; only of a sampler that needs_mask.
  [[nodiscard]] std::int64_t mask() const { return meta.mask_token_id.value(); }

  /// The sampler's own settings, Settings{} where none were given. Throws std::bad_any_cast for
  /// those of another sampler.
  template <class Settings>
  [[nodiscard]] Settings settings_as() const {
    return settings.has_value() ? std::any_cast<Settings>(settings) : Settings{};
  }
};

/// A sampler's name, how to make it, and what the rest of the program knows about it.
struct SamplerEntry {
  std::string name;  ///< as --sampler has it
  /// The sampler goes with objectives whose networks predict one of these.
  std::vector<Prediction> predictions;
  std::unique_ptr<Sampler> (*make)(const SamplerRequest&) = nullptr;

  bool needs_mask = false;     ///< goes only with a stream that has a [MASK]
  bool takes_steps = true;     ///< --steps counts something
  bool filters_logits = true;  ///< takes --temperature, --top-k and --top-p
  /// Where the objective has timesteps, it takes at most that many steps.
  bool limits_steps = false;
  bool changes_length = false;        ///< cannot write the stages of a cascade
  bool left_to_right = false;         ///< needs a start, and cannot fill in before given tokens
  std::vector<config::Flag> flags{};  ///< its own, which no other sampler takes
  /// Of a sampler with flags: the settings that they give, for SamplerRequest::settings_as.
  std::any (*read_flags)(const config::Arguments&) = nullptr;
};

/// All samplers, in the order in which help and errors name them. The first one that goes with an
/// objective is its default.
[[nodiscard]] const std::deque<SamplerEntry>& samplers();
/// Adds a sampler that is not built in, before another thread uses the registry. Throws
/// std::invalid_argument for a name that is taken.
void add_sampler(SamplerEntry entry);

/// The sampler of this name, or the default for an empty one. Throws UsageError for one that does
/// not go with train.objective and the stream, listing those that do.
[[nodiscard]] const SamplerEntry& find_sampler(const std::string& name,
                                               const config::Options& options,
                                               const proto::StreamMeta& meta);

/// Makes the sampler that find_sampler found. Where the stream has a prefix, its inputs begin with
/// that. Throws UsageError for a choice that the entry rules out: too many steps, a logits filter,
/// a length that changes.
[[nodiscard]] std::unique_ptr<Sampler> make_sampler(const SamplerEntry& entry,
                                                    const SamplingOptions& choice,
                                                    const config::Options& options,
                                                    const proto::StreamMeta& meta);

/// The program with the own flags of all samplers after its own.
[[nodiscard]] config::Program with_sampler_flags(config::Program program);
/// The own settings of the sampler that --sampler names; empty for one without flags of its own.
/// Throws UsageError for a sampler's own flag without this sampler in --sampler.
[[nodiscard]] std::any read_sampler_settings(const config::Arguments& arguments);

}  // namespace millrace::trainer
