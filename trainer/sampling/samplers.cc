// All built-in samplers, one line each, and the choice among them (samplers.h).
#include "trainer/sampling/samplers.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/errors.h"
#include "config/stream_keys.h"
#include "trainer/base/log.h"
#include "trainer/base/registry.h"
#include "trainer/sampling/sample_absorbing.h"
#include "trainer/sampling/sample_autoregressive.h"
#include "trainer/sampling/sample_by_confidence.h"
#include "trainer/sampling/sample_by_editing.h"
#include "trainer/sampling/sample_sedd.h"

namespace millrace::trainer {
namespace {

using config::UsageError;

constexpr std::uint64_t kDefaultSteps = 64;

std::vector<SamplerEntry> built_in() {
  return {
      analytic_entry(),        // sample_sedd.cc
      euler_entry(),           // sample_sedd.cc
      ancestral_entry(),       // sample_absorbing.cc
      first_hitting_entry(),   // sample_absorbing.cc
      confidence_entry(),      // sample_by_confidence.cc
      editing_entry(),         // sample_by_editing.cc
      autoregressive_entry(),  // sample_autoregressive.cc
  };
}

Registry<SamplerEntry>& registry() {
  static Registry<SamplerEntry> all("--sampler", built_in());
  return all;
}

bool goes_with(const SamplerEntry& entry, const config::Options& options) {
  const Prediction prediction = objective_entry(options.train.objective).prediction;
  return std::ranges::find(entry.predictions, prediction) != entry.predictions.end();
}

bool lacks_mask(const SamplerEntry& entry, const proto::StreamMeta& meta) {
  return entry.needs_mask && !meta.mask_token_id;
}

/// What to do instead: the first sampler that goes with the objective and `suits`.
std::string advice(const config::Options& options, const proto::StreamMeta& meta,
                   bool (*suits)(const SamplerEntry&)) {
  for (const SamplerEntry& entry : samplers()) {
    if (goes_with(entry, options) && suits(entry)) {
      return "choose --sampler " + entry.name +
             (lacks_mask(entry, meta) ? " where there is a [MASK]" : "");
    }
  }
  return "sample another checkpoint";
}

void check_filter(const SamplerEntry& entry, const LogitsFilter& filter,
                  const config::Options& options, const proto::StreamMeta& meta) {
  const bool changes = filter.temperature != 1.0 || filter.top_k != 0 || filter.top_p != 1.0;
  if (entry.filters_logits || !changes) return;
  throw UsageError(
      "--temperature, --top-k and --top-p do not go with the sampler " + entry.name +
      ", which draws from scores; leave them out, or " +
      advice(options, meta, [](const SamplerEntry& other) { return other.filters_logits; }));
}

void check_length(const SamplerEntry& entry, const config::Options& options,
                  const proto::StreamMeta& meta) {
  const bool is_stage =
      config::cascade_counts(options) || meta.schema.find(proto::Role::kPrefix) >= 0;
  if (!entry.changes_length || !is_stage) return;
  throw UsageError(
      "--sampler " + entry.name +
      " changes a text's length, and those of a cascade's stages are fixed; " +
      advice(options, meta, [](const SamplerEntry& other) { return !other.changes_length; }));
}

/// Says which choices change nothing.
void warn_of_unused(const SamplerEntry& entry, const SamplingOptions& choice) {
  if (choice.steps && !entry.takes_steps) {
    log_warning("--steps has no effect: the sampler " + entry.name +
                " takes as many as there are tokens to write");
  }
  if (choice.filter.temperature == 0 && (choice.filter.top_k != 0 || choice.filter.top_p != 1.0)) {
    log_warning("--top-k and --top-p have no effect: --temperature 0 takes the likeliest token");
  }
}

std::uint64_t steps_of(const SamplerEntry& entry, const std::optional<std::uint64_t>& asked,
                       const config::Options& options) {
  if (!entry.limits_steps || !objective_entry(options.train.objective).has_timesteps()) {
    return asked.value_or(kDefaultSteps);
  }
  const std::uint64_t most = options.provider.timesteps;
  if (asked && *asked > most) {
    throw UsageError("--steps " + std::to_string(*asked) +
                     " is more than the checkpoint's provider.timesteps = " + std::to_string(most) +
                     "; give at most that many");
  }
  return asked.value_or(std::min(kDefaultSteps, most));
}

}  // namespace

const std::deque<SamplerEntry>& samplers() { return registry().entries(); }
void add_sampler(SamplerEntry entry) { registry().add(std::move(entry)); }

const SamplerEntry& find_sampler(const std::string& name, const config::Options& options,
                                 const proto::StreamMeta& meta) {
  std::vector<const SamplerEntry*> found;
  for (const SamplerEntry& entry : samplers()) {
    if (goes_with(entry, options) && !lacks_mask(entry, meta)) found.push_back(&entry);
  }
  const std::string checkpoint =
      "train.objective = \"" + options.train.objective + "\" of this checkpoint";
  if (found.empty()) {
    throw UsageError(checkpoint + ", whose stream has " + (meta.mask_token_id ? "a" : "no") +
                     " [MASK], has no sampler; sample another checkpoint");
  }
  if (name.empty()) return *found.front();
  for (const SamplerEntry* const entry : found) {
    if (entry->name == name) return *entry;
  }
  throw UsageError("--sampler " + name + " does not go with " + checkpoint +
                   "; known: " + base::joined(found, ", ", &SamplerEntry::name));
}

std::unique_ptr<Sampler> make_sampler(const SamplerEntry& entry, const SamplingOptions& choice,
                                      const config::Options& options,
                                      const proto::StreamMeta& meta) {
  check_filter(entry, choice.filter, options, meta);
  check_length(entry, options, meta);
  warn_of_unused(entry, choice);
  const std::uint64_t steps = steps_of(entry, choice.steps, options);
  return entry.make({options, objective_entry(options.train.objective), meta, steps, choice.filter,
                     choice.settings});
}

config::Program with_sampler_flags(config::Program program) {
  for (const SamplerEntry& entry : samplers()) {
    program.flags.insert(program.flags.end(), entry.flags.begin(), entry.flags.end());
  }
  return program;
}

std::any read_sampler_settings(const config::Arguments& arguments) {
  std::any settings;
  for (const SamplerEntry& entry : samplers()) {
    if (arguments.value("sampler") == entry.name) {
      if (entry.read_flags != nullptr) settings = entry.read_flags(arguments);
      continue;
    }
    for (const config::Flag& flag : entry.flags) {
      if (arguments.has(flag.name)) {
        throw UsageError("--" + flag.name + " goes with --sampler " + entry.name +
                         " alone; choose that, or leave the flag out");
      }
    }
  }
  return settings;
}

}  // namespace millrace::trainer
