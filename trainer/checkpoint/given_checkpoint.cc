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

/// Both the settings and the file are the author's. An honest pair is of about the same size; the
/// slack is for models with less than `settings` say.
void refuse_far_larger(const proto::Checkpoint& checkpoint, const config::ModelOptions& settings,
                       Weights weights) {
  constexpr double kBytes = 4.0, kSlack = 16.0, kSlackBytes = 1 << 30, kGb = 1e9;
  const fs::path file =
      checkpoint.folder / (weights == Weights::kEma ? proto::kEmaFile : proto::kModelFile);
  const double width = settings.n_embd;
  const double rows = 1.0 * checkpoint.state.meta.vocab_size + checkpoint.state.meta.block_size +
                      settings.n_layer * width;
  const double least = kBytes * rows * width;  // embeddings, and a matrix of each block
  const auto held = static_cast<double>(fs::file_size(file));
  if (least <= kSlackBytes + kSlack * held) return;
  throw UsageError(checkpoint.folder.string() +
                   " cannot be used: its settings ask for a model of " +
                   std::to_string(static_cast<std::uint64_t>(least / kGb)) + " GB or more, and " +
                   file.filename().string() + " has " +
                   std::to_string(static_cast<std::uint64_t>(held)) + " bytes");
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
  refuse_far_larger(checkpoint, options.model, weights);
  auto model = make_model(options.model, checkpoint.state.meta);
  model->to(precision.parameters());  // as they were saved
  load_model(checkpoint.folder, *model, weights);
  model->to(device);
  model->eval();
  return model;
}

}  // namespace millrace::trainer
