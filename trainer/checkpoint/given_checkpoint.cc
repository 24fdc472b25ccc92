// Reading a checkpoint that a user named (given_checkpoint.h).
#include "trainer/checkpoint/given_checkpoint.h"

#include "config/errors.h"
#include "trainer/models/models.h"

namespace millrace::trainer {

namespace fs = std::filesystem;
using config::UsageError;

namespace {

/// The folder of the checkpoint that a path means.
fs::path folder_of(const fs::path& given) {
  const fs::path named = proto::through_lost_link(given);
  for (const char* const link : {proto::kBestLink, proto::kLatestLink}) {
    if (const auto folder = proto::linked_checkpoint(named, link)) return fs::canonical(*folder);
  }
  return named;
}

}  // namespace

proto::Checkpoint open_given(const fs::path& given, const std::string& flag) {
  const fs::path folder = folder_of(given);
  std::string damage;
  auto found =
      proto::open_checkpoint(folder, damage, proto::real_disk(), proto::CheckpointUse::kModel);
  if (!found) throw UsageError(flag + " " + given.string() + " cannot be used: " + damage);
  return *found;
}

config::Options recipe_of(const fs::path& folder, const std::vector<config::Override>& overrides) {
  const std::string recipe = (folder / proto::kConfigFile).string();
  config::Options options = config::load_recipe(recipe, overrides);
  for (const auto& difference : config::differences(options, config::load_recipe(recipe))) {
    if (difference.shapes != config::Shapes::kRun) {
      throw UsageError(difference.key + " is part of the checkpoint and stays " + difference.there +
                       "; leave it out");
    }
  }
  return options;
}

Weights weights_of(const fs::path& folder, const std::optional<std::string>& asked) {
  if (asked && *asked != "ema" && *asked != "raw") {
    throw UsageError("--weights " + *asked + " is unknown; known: ema, raw");
  }
  if (asked == "ema" && !has_ema(folder)) {
    throw UsageError(
        "--weights ema: " + folder.string() +
        " holds no average of the parameters; leave --weights out, or train with train.ema");
  }
  return asked == "raw" || !has_ema(folder) ? Weights::kRaw : Weights::kEma;
}

std::shared_ptr<Model> trained_model(const proto::Checkpoint& checkpoint,
                                     const config::Options& options, Weights weights,
                                     torch::Device device, const Precision& precision) {
  auto model = make_model(options.model, checkpoint.state.meta);
  model->to(precision.parameters());  // as they were saved
  load_model(checkpoint.folder, *model, weights);
  model->to(device);
  model->eval();
  return model;
}

}  // namespace millrace::trainer
