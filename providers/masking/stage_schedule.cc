// Chooses the stage of a sample (stage_schedule.h).
#include "providers/masking/stage_schedule.h"

#include <array>
#include <cassert>
#include <span>
#include <stdexcept>
#include <string>

#include "config/errors.h"
#include "config/stages.h"
#include "providers/random/permutation.h"

namespace millrace::providers {
namespace {

static_assert(config::kMaxStages == proto::kMaxStages, "recipes have as many stages as the wire");

std::uint8_t mixed(std::uint64_t seed, proto::Split split, std::uint32_t stages,
                   std::uint64_t index) {
  std::array<std::uint8_t, proto::kMaxStages> order;
  shuffle(PhiloxStream(seed, split, 0, index / stages), Purpose::kMix,
          std::span(order).first(stages));
  return order[index % stages];
}

}  // namespace

Schedule schedule_from(std::string_view name) {
  if (name == "mix") return Schedule::kMix;
  if (name == "steps") return Schedule::kSteps;
  if (name == "plateau") return Schedule::kPlateau;
  assert(name == "none");
  return Schedule::kNone;
}

void refuse_schedule(const config::ProviderOptions& options) {
  if (options.schedule == "none") return;
  throw config::UsageError("provider.schedule = \"" + options.schedule +
                           "\" is of char_diffusion; " + options.name +
                           " has no stages: leave it at \"none\"");
}

StageSchedule::StageSchedule(Schedule schedule, std::uint32_t stages, std::uint64_t seed,
                             proto::Split split)
    : schedule_(schedule), stages_(stages), seed_(seed), split_(split) {
  assert(stages >= 1 && stages <= proto::kMaxStages);
}

std::uint8_t StageSchedule::stage_of(std::uint64_t index, std::optional<std::uint8_t> named) const {
  if (named) {
    if (*named < stages_) return *named;
    throw std::out_of_range("stage " + std::to_string(*named) + " does not exist: the " +
                            std::string(to_string(split_)) + " split has " +
                            std::to_string(stages_) + ", counted from 0");
  }
  if (named_by_trainer(schedule_)) {
    throw std::logic_error("with this schedule the trainer names the stage of every " +
                           std::string(to_string(split_)) + " range, and this range has none");
  }
  return schedule_ == Schedule::kMix ? mixed(seed_, split_, stages_, index) : std::uint8_t{0};
}

}  // namespace millrace::providers
