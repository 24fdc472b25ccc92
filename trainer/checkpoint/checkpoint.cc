// Saving and loading a run (checkpoint.h).
#include "trainer/checkpoint/checkpoint.h"

#include "config/recipe.h"
#include "trainer/checkpoint/tensor_file.h"
#include "trainer/models/parameters.h"

namespace millrace::trainer {

void save_checkpoint(const config::Options& options, const proto::TrainerState& state,
                     const Model& model, const AdamW& optimizer, const Ema* ema) {
  const std::filesystem::path out_dir = options.train.out_dir;
  const std::map<std::string, std::string> metadata{{"step", std::to_string(state.step)},
                                                    {"architecture", options.model.architecture},
                                                    {"fingerprint", state.meta.fingerprint}};
  proto::CheckpointWriter writer(out_dir, state.step);
  save_tensors(writer, proto::kModelFile, parameters_of(model), metadata);
  if (ema != nullptr) save_tensors(writer, proto::kEmaFile, ema->state(), metadata);
  save_tensors(writer, proto::kOptimizerFile, optimizer.state(), metadata);
  writer.write(proto::kConfigFile, config::to_toml(options));
  writer.commit(state);
  const proto::Links links = proto::links_of(state);
  for (const auto& [link, step] : links) {
    if (step == state.step) proto::link_checkpoint(out_dir, link, step);
  }
  proto::remove_old_checkpoints(out_dir, options.train.keep_checkpoints, links);
}

bool has_ema(const std::filesystem::path& folder) {
  return std::filesystem::exists(folder / proto::kEmaFile);
}

void load_model(const std::filesystem::path& folder, const Model& model, Weights weights) {
  load_tensors(folder / (weights == Weights::kEma ? proto::kEmaFile : proto::kModelFile),
               parameters_of(model));
}

void load_ema(const std::filesystem::path& folder, const Ema& ema) {
  load_tensors(folder / proto::kEmaFile, ema.state());
}

void load_optimizer(const std::filesystem::path& folder, const AdamW& optimizer) {
  load_tensors(folder / proto::kOptimizerFile, optimizer.state());
}

}  // namespace millrace::trainer
