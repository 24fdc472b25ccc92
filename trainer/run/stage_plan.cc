// Stage logs of steps and plateau (stage_plan.h).
#include "trainer/run/stage_plan.h"

#include <algorithm>
#include <cmath>
#include <ranges>

#include "base/text.h"
#include "config/errors.h"
#include "config/sizes.h"

namespace millrace::trainer {
namespace {

proto::StageLog log_of_steps(const config::Options& options) {
  proto::StageLog log;
  for (const config::StageOptions& stage : options.provider.stages) {
    log.push_back({stage.from_step.value() * config::global_batch(options),
                   static_cast<std::uint8_t>(log.size())});
  }
  return log;
}

}  // namespace

proto::StageLog first_stage_log(const config::Options& options) {
  if (options.provider.schedule == "steps") return log_of_steps(options);
  if (options.provider.schedule == "plateau") return {{0, 0}};
  return {};
}

void check_stage_log(const config::Options& options, const proto::Checkpoint& checkpoint) {
  const std::string& schedule = options.provider.schedule;
  const proto::StageLog& log = checkpoint.state.stage_log;
  if (schedule == "plateau") {
    const bool in_order = std::ranges::equal(log, std::views::iota(std::size_t{0}, log.size()), {},
                                             &proto::StageLogEntry::stage);
    if (in_order && !log.empty() && log.size() <= options.provider.stages.size()) return;
  } else if (log == first_stage_log(options)) {
    return;
  }
  throw config::UsageError("cannot resume " + checkpoint.folder.string() + ": the " +
                           std::to_string(log.size()) +
                           " entries of its stage_log do not follow from the recipe's schedule '" +
                           schedule + "'; resume from another checkpoint");
}

bool improves(double loss, const std::optional<double>& lowest) {
  return std::isfinite(loss) && (!lowest || loss < *lowest);
}

bool count_evaluation(const config::ProviderOptions& provider, double val_loss,
                      proto::TrainerState& state) {
  if (provider.schedule != "plateau") return false;
  const std::size_t stage = state.stage_log.back().stage;
  if (improves(val_loss, state.plateau.best_val_loss)) {
    state.plateau = {.best_val_loss = val_loss, .stale_count = 0};
    return false;
  }
  ++state.plateau.stale_count;
  const bool last = stage + 1 == provider.stages.size();
  if (last || state.plateau.stale_count < provider.stages[stage].val_loss_stale_count.value()) {
    return false;
  }
  state.stage_log.push_back({state.cursor, static_cast<std::uint8_t>(stage + 1)});
  state.plateau = {};
  return true;
}

std::string stage_line(const proto::StreamMeta& meta, std::uint8_t stage, std::uint64_t step) {
  return "stage " + std::to_string(stage) + " (" + std::to_string(stage + 1) + " of " +
         std::to_string(meta.train_stages.size()) + ": " + meta.train_stages.at(stage) +
         ") from step " + std::to_string(step) + " on";
}

std::string why_left(const config::ProviderOptions& provider, std::uint8_t stage) {
  if (provider.schedule != "plateau") return {};
  return "val loss has not improved for " +
         base::counted(provider.stages.at(stage).val_loss_stale_count.value(), "evaluation");
}

}  // namespace millrace::trainer
