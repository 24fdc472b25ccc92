// Saving and loading a run (checkpoint.h).
#include "trainer/checkpoint/checkpoint.h"

#include <cerrno>
#include <stdexcept>

#include "config/recipe.h"
#include "trainer/base/log.h"
#include "trainer/checkpoint/tensor_file.h"
#include "trainer/models/parameters.h"

namespace millrace::trainer {
namespace {

void warn_without_links(const std::filesystem::path& out_dir) {
  static const bool warned = [&] {
    log_warning(out_dir.string() +
                " is on a file system without symbolic links: latest, best, final and epoch-… are "
                "left out; --checkpoint and --resume find what they would lead to");
    return true;
  }();
  static_cast<void>(warned);
}

void write_checkpoint(const config::Options& options, const proto::TrainerState& state,
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
  if (!writer.commit(state)) warn_without_links(out_dir);
}

}  // namespace

void save_checkpoint(const config::Options& options, const proto::TrainerState& state,
                     const Model& model, const AdamW& optimizer, const Ema* ema) {
  const std::filesystem::path out_dir = options.train.out_dir;
  try {
    write_checkpoint(options, state, model, optimizer, ema);
  } catch (const proto::DiskError& error) {
    if (!error.is_full() && error.reason() != EFBIG) throw;
    throw std::runtime_error(std::string(error.what()) + "; the checkpoints in " +
                             out_dir.string() +
                             " are as they were: make room, and go on with --resume");
  }
  const proto::Links links = proto::links_of(state);
  for (const auto& [link, step] : links) {
    if (step == state.step) proto::link_checkpoint(out_dir, link, step);
  }
  proto::remove_old_checkpoints(out_dir, options.train.keep_checkpoints, links, state.run_id);
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
