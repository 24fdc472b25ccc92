// The checks of a recipe that a single key's type and range cannot make.
#include <algorithm>
#include <bit>
#include <set>
#include <string>
#include <string_view>

#include "base/text.h"
#include "config/dataset_keys.h"
#include "config/errors.h"
#include "config/nearest.h"
#include "config/recipe.h"
#include "config/stages.h"
#include "config/stream_keys.h"
#include "config/value_text.h"

namespace millrace::config {
namespace {

constexpr std::size_t kMaxDatasets = 255;      // a dataset's number is one byte of Philox's counter
constexpr std::size_t kMaxWeightPoints = 512;  // of all datasets together
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::uint64_t kMaxGlobalBatch = 1 << 24;  // samples; far below 2^32

std::string place(const char* key, const std::vector<StageOptions>& stages, std::size_t i) {
  return "provider." + std::string(key) + ", entry " + std::to_string(i + 1) + " of " +
         std::to_string(stages.size()) + ": ";
}

// A from_step that no schedule reads is a mistake.
void refuse_from_step(const char* key, const std::vector<StageOptions>& stages,
                      const std::string& schedule) {
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (!stages[i].from_step) continue;
    throw UsageError(place(key, stages, i) + "from_step = " + std::to_string(*stages[i].from_step) +
                     " is for provider.stages with schedule \"steps\", and provider.schedule = " +
                     toml_string(schedule) + "; leave it out here");
  }
}

void check_steps(const std::vector<StageOptions>& stages) {
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const std::string where = place("stages", stages, i);
    const auto& step = stages[i].from_step;
    if (!step) {
      throw UsageError(
          where +
          "schedule \"steps\" needs from_step: the stage holds once so many steps are done");
    }
    if (i == 0 && *step != 0) {
      throw UsageError(where + "from_step = " + std::to_string(*step) +
                       "; the first stage begins at 0");
    }
    if (i > 0 && *step <= *stages[i - 1].from_step) {
      throw UsageError(where + "from_step = " + std::to_string(*step) + " is not above the " +
                       std::to_string(*stages[i - 1].from_step) +
                       " of the entry before; put the stages in ascending order");
    }
  }
}

void check_plateau(const std::vector<StageOptions>& stages, const TrainOptions& train) {
  for (std::size_t i = 0; i + 1 < stages.size(); ++i) {
    if (stages[i].val_loss_stale_count) continue;
    throw UsageError(place("stages", stages, i) +
                     "schedule \"plateau\" needs val_loss_stale_count, the evaluations without "
                     "improvement before it moves on; "
                     "only the last entry may do without");
  }
  if (train.eval_interval <= train.max_iters || train.epoch_eval_interval > 0) return;
  throw UsageError(
      "provider.schedule = \"plateau\" moves on by val losses, and train.eval_interval = " +
      std::to_string(train.eval_interval) + " is above train.max_iters = " +
      std::to_string(train.max_iters) + ", so that there would be none; lower train.eval_interval");
}

void check_schedule(const ProviderOptions& provider, const TrainOptions& train) {
  if (provider.schedule != "none" && provider.stages.empty()) {
    throw UsageError("provider.schedule = " + toml_string(provider.schedule) +
                     " needs at least one entry in provider.stages");
  }
  refuse_from_step("validation_stages", provider.validation_stages, provider.schedule);
  if (provider.schedule != "steps") refuse_from_step("stages", provider.stages, provider.schedule);
  if (provider.schedule == "steps") check_steps(provider.stages);
  if (provider.schedule == "plateau") check_plateau(provider.stages, train);
}

void check_stage_counts(const ProviderOptions& provider) {
  if (provider.stages.size() > kMaxStages || provider.validation_stages.size() > kMaxStages) {
    throw UsageError("a schedule has at most " + std::to_string(kMaxStages) +
                     " stages; provider.stages has " + std::to_string(provider.stages.size()) +
                     ", provider.validation_stages " +
                     std::to_string(provider.validation_stages.size()));
  }
}

void check_fractions(const DataOptions& data) {
  if (data.val_fraction + data.test_fraction < 1) return;
  throw UsageError("data.val_fraction = " + shortest(data.val_fraction) +
                   " and data.test_fraction = " + shortest(data.test_fraction) +
                   " leave nothing to train on; lower them");
}

bool is_name(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= kMaxNameBytes && name.front() != '.' &&
         std::ranges::all_of(name, plain);
}

void check_names(const std::vector<DatasetOptions>& datasets) {
  std::set<std::string> seen;
  for (const DatasetOptions& dataset : datasets) {
    if (!is_name(dataset.name)) {
      throw UsageError("data.datasets: the name " + toml_string(dataset.name) +
                       ": expected up to " + std::to_string(kMaxNameBytes) +
                       " letters, digits, _, - and dots; a folder of its runs is called so");
    }
    if (!seen.insert(dataset.name).second) {
      throw UsageError("data.datasets: two are called '" + dataset.name + "'; rename one");
    }
  }
}

void check_points(const std::vector<DatasetOptions>& datasets) {
  std::size_t points = 0;
  for (const DatasetOptions& dataset : datasets) points += dataset.weights.size();
  if (points <= kMaxWeightPoints) return;
  throw UsageError("data.datasets: their weights have " + std::to_string(points) +
                   " points; at most " + std::to_string(kMaxWeightPoints) + " are possible");
}

// data.path, format and column describe one dataset, data.datasets several: not both.
void check_one_or_several(const DataOptions& data) {
  std::string key;
  if (data.path) key = "data.path = " + toml_string(*data.path);
  if (data.format != "auto") key = "data.format = " + toml_string(data.format);
  if (!data.column.empty()) key = "data.column = " + toml_string(data.column);
  if (!key.empty()) {
    throw UsageError(
        key + " is of one dataset, and the recipe has data.datasets, of which each says its own");
  }
}

// Markov text can only be the whole dataset of a stream.
void check_no_markov(const std::vector<DatasetOptions>& datasets) {
  for (const DatasetOptions& dataset : datasets) {
    if (dataset.format != "markov") continue;
    throw UsageError("data.datasets: the format of '" + dataset.name +
                     "' is \"markov\", which has no path and cannot be mixed; write data.format = "
                     "\"markov\" instead of data.datasets");
  }
}

void check_datasets(const DataOptions& data) {
  if (data.datasets.empty()) {
    if (data.dataset.empty()) return;
    throw UsageError("data.dataset = " + toml_string(data.dataset) +
                     ", and the recipe has no data.datasets to choose from");
  }
  check_names(data.datasets);
  check_points(data.datasets);
  check_one_or_several(data);
  check_no_markov(data.datasets);
  const std::size_t selected = selected_datasets(data).size();
  if (!data.dataset.empty() && selected == 0) {
    std::vector<std::string> names;
    for (const DatasetOptions& each : data.datasets) names.push_back(each.name);
    throw UsageError("data.dataset = " + toml_string(data.dataset) + " is none of the recipe's (" +
                     base::joined(names) + ")" + did_you_mean(data.dataset, names));
  }
  if (selected == 0) {
    throw UsageError("data.datasets: none is enabled; enable one, or name it with --dataset=NAME");
  }
  if (selected > kMaxDatasets) {
    throw UsageError("data.datasets: " + std::to_string(selected) + " are enabled; at most " +
                     std::to_string(kMaxDatasets) + " can be mixed");
  }
}

void check_noise(const ProviderOptions& provider) {
  if (provider.sigma_min >= provider.sigma_max) {
    throw UsageError("provider.sigma_min = " + shortest(provider.sigma_min) +
                     " is not below provider.sigma_max = " + shortest(provider.sigma_max) +
                     "; noise grows with t");
  }
  if (!std::has_single_bit(provider.t_group)) {
    throw UsageError("provider.t_group = " + std::to_string(provider.t_group) +
                     " is no power of two; the nearest above is " +
                     std::to_string(std::bit_ceil(provider.t_group)));
  }
}

void check_cascade(const ProviderOptions& provider) {
  if (provider.stage1_length < provider.stage2_length &&
      provider.stage2_length < provider.stage3_length) {
    return;
  }
  throw UsageError(
      "a cascade's lengths grow from stage to stage, and provider.stage1_length, stage2_length, "
      "stage3_length are " +
      std::to_string(provider.stage1_length) + ", " + std::to_string(provider.stage2_length) +
      ", " + std::to_string(provider.stage3_length));
}

void check_replacement(const ProviderOptions& provider) {
  if (provider.random_weight + provider.mask_weight + provider.fragment_weight > 0) return;
  throw UsageError(
      "provider.random_weight, mask_weight and fragment_weight are all 0; a selected position must "
      "become something");
}

// A setting that no provider reads is a mistake.
void check_settings(const Options& options) {
  if (options.provider.settings.empty() || settings_count(options)) return;
  throw UsageError("provider.settings = " + to_toml(Value(options.provider.settings)) +
                   " is for providers that are not built in, and " + options.provider.name +
                   " is; it has keys of its own (--help-keys)");
}

void check_heads(const ModelOptions& model) {
  const std::uint32_t unit = 2 * model.n_head;  // rotary embeddings rotate pairs within a head
  if (model.n_embd % unit == 0) return;
  throw UsageError("model.n_embd = " + std::to_string(model.n_embd) +
                   " is not a multiple of 2 * model.n_head = " + std::to_string(unit) +
                   "; the nearest above is " + std::to_string((model.n_embd / unit + 1) * unit));
}

void check_batch(const TrainOptions& train) {
  const std::uint64_t samples = std::uint64_t{train.batch_size} * train.gradient_accumulation_steps;
  if (samples <= kMaxGlobalBatch) return;
  throw UsageError(
      "train.batch_size * train.gradient_accumulation_steps = " + std::to_string(samples) +
      " samples a step; at most " + std::to_string(kMaxGlobalBatch) + " are possible");
}

void check_rates(const TrainOptions& train) {
  if (train.lr_schedule != "cosine") return;
  if (train.min_lr > train.learning_rate) {
    throw UsageError("train.min_lr = " + shortest(train.min_lr) +
                     " is above train.learning_rate = " + shortest(train.learning_rate) +
                     "; lower it too");
  }
  if (train.warmup_iters > train.lr_decay_iters) {
    throw UsageError("train.warmup_iters = " + std::to_string(train.warmup_iters) +
                     " is above train.lr_decay_iters = " + std::to_string(train.lr_decay_iters) +
                     "; the cosine would end before the warmup");
  }
}

}  // namespace

void check(const Options& options) {
  check_stage_counts(options.provider);
  check_schedule(options.provider, options.train);
  check_fractions(options.data);
  check_datasets(options.data);
  check_noise(options.provider);
  check_cascade(options.provider);
  check_replacement(options.provider);
  check_settings(options);
  check_heads(options.model);
  check_batch(options.train);
  check_rates(options.train);
}

}  // namespace millrace::config
