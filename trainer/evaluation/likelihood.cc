// The measurement, batch by batch (likelihood.h).
#include "trainer/evaluation/likelihood.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "config/errors.h"
#include "trainer/data/step_loader.h"
#include "trainer/distributed/process_group.h"
#include "trainer/evaluation/nll_bound.h"
#include "trainer/models/stoppable_network.h"
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

/// Calls `use` with each batch of the plan's windows and the number of its first window. False:
/// asked to stop.
bool each_batch(const config::Options& options, const Objective& objective,
                consumer::BatchSource& source, const LikelihoodPlan& plan,
                const std::function<void(const DeviceBatch&, std::uint64_t)>& use) {
  ProcessGroup alone({}, options.train.timeout_s);
  StepLoader loader(source, objective, alone, plan.device);
  std::vector<consumer::Slice> slices;
  for (std::uint64_t first = 0; first < plan.windows; first += options.train.batch_size) {
    slices.push_back({first, static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                 options.train.batch_size, plan.windows - first))});
  }
  const torch::NoGradGuard no_grad;
  return loader.each(plan.split, slices, [&](const MicroBatch& micro) {
    const AutocastScope autocast(plan.precision, plan.device);
    use(micro.wide, micro.wire.range.first);
  });
}

struct Bounds {
  std::unique_ptr<NllBound> own;                    ///< the objective's; or the exact NLL
  std::vector<std::unique_ptr<NllBound>> in_steps;  ///< one for each of the plan's timesteps
};

Bounds bounds_of(const config::Options& options, const proto::StreamMeta& meta,
                 const Objective& objective, const LikelihoodPlan& plan) {
  const config::ProviderOptions& provider = options.provider;
  EvalNoise noise{meta.vocab_size, {}, plan.seed, plan.windows, plan.samples_per_window};
  if (meta.mask_token_id) noise.mask = *meta.mask_token_id;
  Bounds bounds;
  const ObjectiveEntry& entry = objective_entry(options.train.objective);
  if (entry.likelihood == Likelihood::kExact) {
    bounds.own = make_exact(objective);
  } else if (entry.has_timesteps()) {
    bounds.own = make_d3pm_bound(objective, provider.timesteps, noise, provider.timesteps);
    for (const std::int64_t steps : plan.timesteps) {
      bounds.in_steps.push_back(make_d3pm_bound(objective, provider.timesteps, noise, steps));
    }
  } else {
    const ContinuousTime time{make_noise(provider), provider.sampling_eps};
    bounds.own = make_continuous_bound(objective, time, noise);
    for (const std::int64_t steps : plan.timesteps) {
      bounds.in_steps.push_back(make_steps_bound(objective, time, noise, steps));
    }
  }
  return bounds;
}

/// Whether every token is a character: exactly one byte of it does not continue a UTF-8 code point.
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

bool measure_bounds(LikelihoodReport& report, Model& model, const Objective& objective,
                    const config::Options& options, consumer::BatchSource& source,
                    const LikelihoodPlan& plan) {
  const Bounds bounds = bounds_of(options, source.meta(), objective, plan);
  StoppableNetwork network(model);  // a batch takes as long as it has draws
  Values own, tokens;
  std::vector<Values> in_steps(bounds.in_steps.size());
  const bool complete = each_batch(
      options, objective, source, plan, [&](const DeviceBatch& batch, std::uint64_t first) {
        append(own, bounds.own->nll(network, batch, first));
        append(tokens, objective.weight(batch));
        for (std::size_t i = 0; i < in_steps.size(); ++i) {
          append(in_steps[i], bounds.in_steps[i]->nll(network, batch, first));
        }
      });
  if (!complete) return false;
  report.nats_per_token = ratio_of(own, tokens);
  for (std::size_t i = 0; i < in_steps.size(); ++i) {
    report.by_timesteps.push_back({plan.timesteps[i], ratio_of(in_steps[i], tokens)});
  }
  return true;
}

/// Sums over the targets of each window.
struct Masked {
  Values loss, right, targets;

  void add(const Masked& other, std::size_t i) {
    loss.push_back(other.loss[i]), right.push_back(other.right[i]),
        targets.push_back(other.targets[i]);
  }
};

bool measure_masked(LikelihoodReport& report, Model& model, const Objective& objective,
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
    const double ratio = all.targets[i] / static_cast<double>(report.tokens_per_window);
    const auto bin = static_cast<std::size_t>(std::ceil(ratio * kRatioBins - 1e-9)) - 1;
    any.add(all, i), bins.at(std::min(bin, kRatioBins - 1)).add(all, i);
  }
  if (any.targets.empty()) {
    throw std::runtime_error(
        "none of the windows has a target; measure more of them, see --windows");
  }
  report.loss = ratio_of(any.loss, any.targets);
  report.accuracy = ratio_of(any.right, any.targets);
  for (std::size_t bin = 0; bin < kRatioBins; ++bin) {
    if (const Masked& these = bins[bin]; !these.targets.empty()) {
      report.by_masked_ratio.push_back({static_cast<double>(bin) / kRatioBins,
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
  const ObjectiveEntry& entry = objective_entry(options.train.objective);
  if (entry.likelihood != Likelihood::kBound || !meta.mask_token_id) {
    throw config::UsageError(
        "--timesteps: a bound in steps is one of masked diffusion, and this checkpoint is of "
        "train.objective = \"" +
        options.train.objective + "\"" + (meta.mask_token_id ? "" : " without a [MASK]") +
        "; leave it out");
  }
  for (const std::int64_t steps : timesteps) {
    if (entry.has_timesteps() && steps > options.provider.timesteps) {
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
  const Likelihood likelihood = objective_entry(options.train.objective).likelihood;
  LikelihoodReport report;
  report.objective = options.train.objective;
  report.split = plan.split;
  report.windows = plan.windows;
  report.windows_of_split = meta.size(plan.split);
  report.tokens_per_window =
      meta.schema.fields.at(static_cast<std::size_t>(meta.schema.find(Role::kTarget)))
          .values_per_sample();
  report.samples_per_window = plan.samples_per_window;
  report.seed = plan.seed;
  report.batch_size = options.train.batch_size;
  report.exact = likelihood == Likelihood::kExact;
  report.characters = of_characters(meta);
  const auto how = likelihood == Likelihood::kNone ? measure_masked : measure_bounds;
  if (!how(report, model, *objective, options, source, plan)) return std::nullopt;
  return report;
}

}  // namespace millrace::trainer
