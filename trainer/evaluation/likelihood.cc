// The windows one batch after the other (likelihood.h).
#include "trainer/evaluation/likelihood.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "config/errors.h"
#include "trainer/data/step_loader.h"
#include "trainer/distributed/process_group.h"
#include "trainer/evaluation/nll_bound.h"
#include "trainer/objectives/objectives.h"

namespace millrace::trainer {
namespace {

using proto::Role;
using Values = std::vector<double>;

constexpr std::size_t kRatioBins = 10;

void append(Values& values, const torch::Tensor& more) {
  const auto flat = more.to(torch::kCPU, torch::kFloat64).contiguous();
  const auto* const first = flat.const_data_ptr<double>();
  values.insert(values.end(), first, first + flat.numel());
}

/// The batches of the plan's windows, through `use` with the number of its first window. False:
/// asked to stop.
bool each_batch(const config::Options& options, const Objective& objective,
                consumer::BatchSource& source, const LikelihoodPlan& plan,
                const std::function<void(const DeviceBatch&, std::uint64_t)>& use) {
  ProcessGroup alone({}, options.train.timeout_s);
  StepLoader feed(source, objective, alone, plan.device);
  std::vector<consumer::Slice> slices;
  for (std::uint64_t first = 0; first < plan.windows; first += options.train.batch_size) {
    slices.push_back({first, static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                 options.train.batch_size, plan.windows - first))});
  }
  const torch::NoGradGuard no_grad;
  return feed.each(plan.split, slices, [&](const MicroBatch& micro) {
    const AutocastScope autocast(plan.precision, plan.device);
    use(micro.wide, micro.wire.range.first);
  });
}

struct Bounds {
  std::unique_ptr<NllBound> own;
  std::vector<std::unique_ptr<NllBound>> in_steps;
};

Bounds bounds_of(const config::Options& options, const proto::StreamMeta& meta,
                 const Objective& objective, const LikelihoodPlan& plan) {
  const config::ProviderOptions& provider = options.provider;
  EvalNoise noise{meta.vocab_size, {}, plan.seed, plan.windows, plan.samples_per_window};
  if (meta.mask_token_id) noise.mask = *meta.mask_token_id;
  Bounds bounds;
  switch (likelihood_of(options.train.objective)) {
    case Likelihood::kNone: break;
    case Likelihood::kExact: bounds.own = make_exact(objective); break;
    case Likelihood::kContinuous: {
      const ContinuousTime time{make_noise(provider), provider.sampling_eps};
      bounds.own = make_continuous_bound(objective, time, noise);
      for (const std::int64_t steps : plan.timesteps) {
        bounds.in_steps.push_back(make_steps_bound(objective, time, noise, steps));
      }
      break;
    }
    case Likelihood::kSteps:
      bounds.own = make_d3pm_bound(objective, provider.timesteps, noise, provider.timesteps);
      for (const std::int64_t steps : plan.timesteps) {
        bounds.in_steps.push_back(make_d3pm_bound(objective, provider.timesteps, noise, steps));
      }
  }
  return bounds;
}

/// Every token a character: code points alone, whose first bytes are no continuations.
bool of_characters(const proto::StreamMeta& meta) {
  const auto is_character = [](const std::string& token) {
    return std::ranges::count_if(token, [](char byte) {
             return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U;
           }) == 1;
  };
  if (meta.byte_level || meta.vocabulary.empty()) return false;
  for (std::size_t id = 0; id < meta.vocabulary.size(); ++id) {
    if (id != meta.mask_token_id && !is_character(meta.vocabulary[id])) {
      return false;
    }
  }
  return true;
}

bool measure_bounds(LikelihoodReport& found, Model& model, const Objective& objective,
                        const config::Options& options, consumer::BatchSource& source,
                        const LikelihoodPlan& plan) {
  const Bounds bounds = bounds_of(options, source.meta(), objective, plan);
  Values own, tokens;
  std::vector<Values> in_steps(bounds.in_steps.size());
  const bool complete = each_batch(
      options, objective, source, plan, [&](const DeviceBatch& batch, std::uint64_t first) {
        append(own, bounds.own->nll(model, batch, first));
        append(tokens, objective.weight(batch));
        for (std::size_t i = 0; i < in_steps.size(); ++i) {
          append(in_steps[i], bounds.in_steps[i]->nll(model, batch, first));
        }
      });
  if (!complete) return false;
  found.nats_per_token = ratio_of(own, tokens);
  for (std::size_t i = 0; i < in_steps.size(); ++i) {
    found.by_timesteps.push_back({plan.timesteps[i], ratio_of(in_steps[i], tokens)});
  }
  return true;
}

struct Masked {
  Values loss, right, targets;

  void add(const Masked& other, std::size_t i) {
    loss.push_back(other.loss[i]), right.push_back(other.right[i]),
        targets.push_back(other.targets[i]);
  }
};

bool measure_masked(LikelihoodReport& found, Model& model, const Objective& objective,
                    const config::Options& options, consumer::BatchSource& source,
                    const LikelihoodPlan& plan) {
  Masked all;
  const bool complete =
      each_batch(options, objective, source, plan, [&](const DeviceBatch& batch, std::uint64_t) {
        const Loss loss = objective.loss(model, batch);
        append(all.loss, loss.sum), append(all.right, loss.metrics.at("accuracy")),
            append(all.targets, loss.weight);
      });
  if (!complete) return false;
  std::array<Masked, kRatioBins> bins;
  Masked any;
  for (std::size_t i = 0; i < all.targets.size(); ++i) {
    if (all.targets[i] == 0) continue;
    const double ratio = all.targets[i] / static_cast<double>(found.tokens_per_window);
    const auto bin = static_cast<std::size_t>(std::ceil(ratio * kRatioBins - 1e-9)) - 1;
    any.add(all, i), bins.at(std::min(bin, kRatioBins - 1)).add(all, i);
  }
  if (any.targets.empty()) {
    throw std::runtime_error(
        "none of the windows has a target; measure more of them, see --windows");
  }
  found.loss = ratio_of(any.loss, any.targets);
  found.accuracy = ratio_of(any.right, any.targets);
  for (std::size_t bin = 0; bin < kRatioBins; ++bin) {
    if (const Masked& these = bins[bin]; !these.targets.empty()) {
      found.by_masked_ratio.push_back({static_cast<double>(bin) / kRatioBins,
                                       static_cast<double>(bin + 1) / kRatioBins,
                                       these.targets.size(), ratio_of(these.loss, these.targets),
                                       ratio_of(these.right, these.targets)});
    }
  }
  return true;
}

}  // namespace

void require_timesteps(const config::Options& options, const proto::StreamMeta& meta,
                       const std::vector<std::int64_t>& timesteps) {
  if (timesteps.empty()) return;
  const Likelihood likelihood = likelihood_of(options.train.objective);
  if (likelihood == Likelihood::kNone || likelihood == Likelihood::kExact || !meta.mask_token_id) {
    throw config::UsageError(
        "--timesteps: a bound in steps is one of masked diffusion, and this checkpoint is of "
        "train.objective = \"" +
        options.train.objective + "\"" + (meta.mask_token_id ? "" : " without a [MASK]") +
        "; leave it out");
  }
  for (const std::int64_t steps : timesteps) {
    if (likelihood == Likelihood::kSteps && steps > options.provider.timesteps) {
      throw config::UsageError("--timesteps " + std::to_string(steps) + " is more than the " +
                               std::to_string(options.provider.timesteps) +
                               " steps of the checkpoint (provider.timesteps)");
    }
  }
}

std::optional<LikelihoodReport> measure_likelihood(Model& model, const config::Options& options,
                                                   consumer::BatchSource& source,
                                                   const LikelihoodPlan& plan) {
  const proto::StreamMeta& meta = source.meta();
  require_timesteps(options, meta, plan.timesteps);
  const auto objective = make_objective(options, meta);
  const Likelihood likelihood = likelihood_of(options.train.objective);
  LikelihoodReport found;
  found.objective = options.train.objective;
  found.split = plan.split;
  found.windows = plan.windows;
  found.windows_of_split = meta.size(plan.split);
  found.tokens_per_window =
      meta.schema.fields.at(static_cast<std::size_t>(meta.schema.find(Role::kTarget)))
          .values_per_sample();
  found.samples_per_window = plan.samples_per_window;
  found.seed = plan.seed;
  found.batch_size = options.train.batch_size;
  found.exact = likelihood == Likelihood::kExact;
  found.characters = of_characters(meta);
  const auto how = likelihood == Likelihood::kNone ? measure_masked : measure_bounds;
  if (!how(found, model, *objective, options, source, plan)) return std::nullopt;
  return found;
}

}  // namespace millrace::trainer
