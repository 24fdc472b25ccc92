// Every sampler by objective and name (samplers.h). A new one needs its own file and one line here.
#include "trainer/sampling/samplers.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "config/errors.h"
#include "trainer/models/models.h"
#include "trainer/objectives/noise.h"
#include "trainer/sampling/sample_absorbing.h"
#include "trainer/sampling/sample_autoregressive.h"
#include "trainer/sampling/sample_by_confidence.h"
#include "trainer/sampling/sample_by_editing.h"
#include "trainer/sampling/sample_sedd.h"

namespace millrace::trainer {
namespace {

using config::UsageError;

struct Job {
  const SamplerChoice& choice;
  const config::Options& options;
  const proto::StreamMeta& meta;

  [[nodiscard]] std::int64_t mask() const {
    if (meta.mask_token_id) return *meta.mask_token_id;
    throw UsageError(
        "this checkpoint's stream has no [MASK] token, so its masks cannot be filled; sample "
        "another checkpoint");
  }
};
using Made = std::unique_ptr<Sampler>;

Made ancestral(const Job& job) {
  const auto noise = make_noise(job.options.provider);
  return make_ancestral(job.mask(), continuous_moments(*noise, job.choice.steps),
                        job.choice.filter);
}

Made first_hitting(const Job& job) {
  const auto noise = make_noise(job.options.provider);
  const double most = noise->total(torch::ones({1}, torch::kFloat64)).item<double>();
  const auto told = [most](double masked) { return std::min(most, -std::log1p(-masked)); };
  return make_first_hitting(job.mask(), told, job.choice.filter);
}

Made d3pm_ancestral(const Job& job) {
  const std::uint32_t timesteps = job.options.provider.timesteps;
  if (job.choice.steps > timesteps) {
    throw UsageError("--steps " + std::to_string(job.choice.steps) +
                     " is more than the checkpoint's provider.timesteps = " +
                     std::to_string(timesteps) + "; give at most that many");
  }
  return make_ancestral(job.mask(), discrete_moments(timesteps, job.choice.steps),
                        job.choice.filter);
}

Made d3pm_first_hitting(const Job& job) {
  const double timesteps = job.options.provider.timesteps;
  return make_first_hitting(
      job.mask(), [timesteps](double masked) { return std::ceil(masked * timesteps); },
      job.choice.filter);
}

Made score(const Job& job, ScoreStep step) {
  const auto noise = make_noise(job.options.provider);
  if (!job.meta.mask_token_id) {
    return make_score_sampler(UniformSedd{noise, job.meta.vocab_size}, step, job.choice.steps);
  }
  return make_score_sampler(AbsorbingSedd{noise, job.meta.vocab_size, *job.meta.mask_token_id,
                                          job.options.train.scale_by_sigma},
                            step, job.choice.steps);
}
Made analytic(const Job& job) { return score(job, ScoreStep::kAnalytic); }
Made euler(const Job& job) { return score(job, ScoreStep::kEuler); }

Made confidence(const Job& job) {
  return make_confidence_sampler(job.mask(), job.choice.steps, job.choice.filter);
}

/// What stands where nothing is written is what training showed there.
Filling filling_of(const Job& job) {
  const auto& provider = job.options.provider;
  const bool never_masked =
      provider.name == "char_random_replacement" && provider.mask_weight == 0.0;
  return {job.meta.vocab_size, job.meta.mask_token_id, never_masked};
}

Made editing(const Job& job) {
  if (job.options.provider.name == "cascade" || job.meta.schema.find(proto::Role::kPrefix) >= 0) {
    throw UsageError(
        "--sampler editing changes a text's length, and those of a cascade's stages are fixed; "
        "choose --sampler confidence");
  }
  return make_editing_sampler(job.choice.editing, filling_of(job), longest_sequence(job.meta),
                              job.choice.steps, job.choice.filter);
}

Made autoregressive(const Job& job) { return make_autoregressive_sampler(job.choice.filter); }

struct Kind {
  const char* objective;
  const char* name;
  Made (*make)(const Job&);
  bool truncates;
  bool needs_mask;
};
/// An objective's first is its default.
constexpr Kind kKinds[] = {
    {"ar", "autoregressive", autoregressive, true, false},
    {"cascade", "analytic", analytic, false, true},
    {"cascade", "euler", euler, false, true},
    {"cascade", "ancestral", ancestral, true, true},
    {"cascade", "first_hitting", first_hitting, true, true},
    {"d3pm_absorb", "ancestral", d3pm_ancestral, true, true},
    {"d3pm_absorb", "first_hitting", d3pm_first_hitting, true, true},
    {"mdlm", "ancestral", ancestral, true, true},
    {"mdlm", "first_hitting", first_hitting, true, true},
    {"mlm", "confidence", confidence, true, true},
    {"mlm", "editing", editing, true, false},
    {"sedd", "analytic", analytic, false, false},
    {"sedd", "euler", euler, false, false},
    {"sedd", "ancestral", ancestral, true, true},
    {"sedd", "first_hitting", first_hitting, true, true},
};

const Kind& kind_of(const SamplerChoice& choice, const config::Options& options,
                    const proto::StreamMeta& meta) {
  std::string known;
  for (const Kind& kind : kKinds) {
    if (kind.objective != options.train.objective || (kind.needs_mask && !meta.mask_token_id)) {
      continue;
    }
    if (choice.name.empty() || choice.name == kind.name) {
      return kind;
    }
    known += (known.empty() ? "" : ", ") + std::string(kind.name);
  }
  if (known.empty()) {
    throw UsageError("train.objective = \"" + options.train.objective +
                     "\" of this checkpoint, whose stream has " +
                     (meta.mask_token_id ? "a" : "no") +
                     " [MASK], has no sampler; sample another checkpoint");
  }
  throw UsageError("--sampler " + choice.name + " does not go with train.objective = \"" +
                   options.train.objective + "\" of this checkpoint; known: " + known);
}

void check(const Kind& kind, const SamplerChoice& choice) {
  const LogitsFilter& wanted = choice.filter;
  if (!kind.truncates && (wanted.temperature != 1.0 || wanted.top_k != 0 || wanted.top_p != 1.0)) {
    throw UsageError("--temperature, --top-k and --top-p do not go with the sampler " +
                     std::string(kind.name) +
                     ", which draws from scores; leave them out, or choose --sampler ancestral "
                     "where there is a [MASK]");
  }
  if (choice.steps < 1) {
    throw UsageError("--steps 0 leads nowhere; give at least 1");
  }
}

}  // namespace

std::unique_ptr<Sampler> make_sampler(const SamplerChoice& choice, const config::Options& options,
                                      const proto::StreamMeta& meta) {
  const Kind& kind = kind_of(choice, options, meta);
  check(kind, choice);
  return kind.make({choice, options, meta});
}

}  // namespace millrace::trainer
