// What needs more than one key, or more than a range.
#include <string>
#include <string_view>

#include "config/errors.h"
#include "config/recipe.h"
#include "config/value_text.h"

namespace millrace::config {
namespace {

constexpr std::size_t kMaxStages = 255;             // a stage's number is one byte on the wire
constexpr std::uint64_t kMaxGlobalBatch = 1 << 24;  // samples; a step's range stays far from 32 bits

void check_stages(const ProviderOptions& provider) {
  const bool later = provider.schedule == "steps" || provider.schedule == "plateau";
  if (later) {
    throw UsageError("provider.schedule = " + toml_string(provider.schedule) + " is not supported yet; use \"none\" or \"mix\"");
  }
  if (provider.schedule == "mix" && provider.stages.empty()) {
    throw UsageError("provider.schedule = \"mix\" needs at least one entry in provider.stages");
  }
  if (provider.stages.size() > kMaxStages || provider.validation_stages.size() > kMaxStages) {
    throw UsageError("a schedule has at most " + std::to_string(kMaxStages) + " stages; provider.stages has " +
                     std::to_string(provider.stages.size()) + ", provider.validation_stages " +
                     std::to_string(provider.validation_stages.size()));
  }
}

void check_heads(const ModelOptions& model) {
  const std::uint32_t unit = 2 * model.n_head;  // rotary embeddings turn pairs of a head's numbers
  if (model.n_embd % unit == 0) return;
  throw UsageError("model.n_embd = " + std::to_string(model.n_embd) + " is not a multiple of 2 * model.n_head = " +
                   std::to_string(unit) + "; the nearest above is " + std::to_string((model.n_embd / unit + 1) * unit));
}

void check_batch(const TrainOptions& train) {
  const std::uint64_t samples = std::uint64_t{train.batch_size} * train.gradient_accumulation_steps;
  if (samples <= kMaxGlobalBatch) return;
  throw UsageError("train.batch_size * train.gradient_accumulation_steps = " + std::to_string(samples) +
                   " samples a step; at most " + std::to_string(kMaxGlobalBatch) + " are possible");
}

void check_rates(const TrainOptions& train) {
  if (train.min_lr > train.learning_rate) {
    throw UsageError("train.min_lr = " + shortest(train.min_lr) +
                     " is above train.learning_rate = " + shortest(train.learning_rate) + "; lower it too");
  }
  if (train.warmup_iters > train.lr_decay_iters) {
    throw UsageError("train.warmup_iters = " + std::to_string(train.warmup_iters) + " is above train.lr_decay_iters = " +
                     std::to_string(train.lr_decay_iters) + "; the cosine would end before the warmup");
  }
}

}  // namespace

void check(const Options& options) {
  check_stages(options.provider);
  check_heads(options.model);
  check_batch(options.train);
  check_rates(options.train);
}

}  // namespace millrace::config
