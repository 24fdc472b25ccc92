// Every objective by name (objectives.h). A new one needs its own file and one line here.
#include "trainer/objectives/objectives.h"

#include <map>
#include <string>

#include "config/errors.h"
#include "trainer/models/models.h"
#include "trainer/objectives/autoregressive.h"
#include "trainer/objectives/cascade.h"
#include "trainer/objectives/d3pm_absorb.h"
#include "trainer/objectives/masked_lm.h"
#include "trainer/objectives/mdlm.h"
#include "trainer/objectives/sedd.h"
#include "trainer/objectives/stream_requirements.h"

namespace millrace::trainer {
namespace {

using proto::LogicalType;
using proto::Role;
using Made = std::unique_ptr<Objective>;
using Make = Made (*)(const config::Options&, const proto::StreamMeta&);

constexpr NeededField kTokensIn{Role::kInput, LogicalType::kI64};
constexpr NeededField kTokensOut{Role::kTarget, LogicalType::kI64};
constexpr NeededField kContinuousTime{Role::kTime, LogicalType::kF32};
constexpr NeededField kTimestep{Role::kTime, LogicalType::kI64};

/// A stream that has a mask is on the absorbing graph, any other on the uniform one.
Made sedd_on(const Needs& needs, const config::Options& options, const proto::StreamMeta& meta) {
  require_fields(needs, meta);
  const auto noise = make_noise(options.provider);
  if (!meta.mask_token_id) return make_sedd(UniformSedd{noise, meta.vocab_size});
  return make_sedd(
      AbsorbingSedd{noise, meta.vocab_size, *meta.mask_token_id, options.train.scale_by_sigma});
}

Made masked_lm(const config::Options&, const proto::StreamMeta& meta) {
  require_fields(
      {"mlm", {kTokensIn, kTokensOut}, "\"char_diffusion\" or \"char_random_replacement\""}, meta);
  return make_masked_lm(meta.ignore_index);
}

Made sedd(const config::Options& options, const proto::StreamMeta& meta) {
  return sedd_on({"sedd", {kTokensIn, kTokensOut, kContinuousTime}, "\"sedd\""}, options, meta);
}

Made cascade(const config::Options& options, const proto::StreamMeta& meta) {
  const Needs needs{"cascade", {kTokensIn, kTokensOut, kContinuousTime}, "\"cascade\""};
  require_fields(needs, meta);
  static_cast<void>(require_mask(needs, meta));
  return sedd_on(needs, options, meta);
}

Made masked_diffusion(const config::Options& options, const proto::StreamMeta& meta) {
  const Needs needs{"mdlm", {kTokensIn, kTokensOut, kContinuousTime}, "\"masked\""};
  require_fields(needs, meta);
  return make_masked_diffusion(make_noise(options.provider), require_mask(needs, meta));
}

Made d3pm_absorb(const config::Options& options, const proto::StreamMeta& meta) {
  const Needs needs{"d3pm_absorb", {kTokensIn, kTokensOut, kTimestep}, "\"d3pm\""};
  require_fields(needs, meta);
  return make_d3pm_absorb(
      {options.provider.timesteps, require_mask(needs, meta), options.train.ce_weight});
}

Made autoregressive(const config::Options& options, const proto::StreamMeta& meta) {
  require_fields({"ar", {kTokensIn, kTokensOut}, "\"tokens\""}, meta);
  if (meta.mask_token_id || meta.schema.find(Role::kTime) >= 0) {
    throw config::UsageError(
        "train.objective = \"ar\" needs text and its next tokens, and the stream of provider \"" +
        meta.provider +
        "\" carries noised text; choose provider.name = \"tokens\", or another train.objective");
  }
  if (!is_causal(options.model.architecture)) {
    throw config::UsageError(
        "train.objective = \"ar\" with model.architecture = \"" + options.model.architecture +
        "\" would see the tokens that it is to predict; choose model.architecture = \"gpt2\"");
  }
  return make_autoregressive(meta.ignore_index);
}

struct Kind {
  Make make;
  Likelihood likelihood;
};
const std::map<std::string, Kind> kObjectives{{"ar", {autoregressive, Likelihood::kExact}},
                                              {"cascade", {cascade, Likelihood::kContinuous}},
                                              {"d3pm_absorb", {d3pm_absorb, Likelihood::kSteps}},
                                              {"mdlm", {masked_diffusion, Likelihood::kContinuous}},
                                              {"mlm", {masked_lm, Likelihood::kNone}},
                                              {"sedd", {sedd, Likelihood::kContinuous}}};

}  // namespace

std::unique_ptr<Objective> make_objective(const config::Options& options,
                                          const proto::StreamMeta& meta) {
  const std::string& name = options.train.objective;
  if (const auto found = kObjectives.find(name); found != kObjectives.end()) {
    auto objective = found->second.make(options, meta);
    return meta.schema.find(Role::kPrefix) < 0 ? std::move(objective)
                                               : make_cascade(std::move(objective));
  }
  std::string known;
  for (const auto& [known_name, kind] : kObjectives) {
    known += (known.empty() ? "" : ", ") + known_name;
  }
  throw config::UsageError("train.objective = \"" + name + "\" is unknown; known: " + known);
}

Likelihood likelihood_of(const std::string& objective) {
  return kObjectives.at(objective).likelihood;
}

}  // namespace millrace::trainer
