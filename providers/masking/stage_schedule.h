// Which stage a sample has. Pure and thread-safe.
//
//   none             always 0
//   mix              entry i mod S of a random order of 0 … S − 1 for cycle i div S: every stage once per cycle
//   steps, plateau   the trainer names it
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/options.h"
#include "proto/types.h"

namespace millrace::providers {

/// For providers without stages: throws config::UsageError where options.schedule is another than
/// "none", which was meant to do something.
void refuse_schedule(const config::ProviderOptions& options);

enum class Schedule : std::uint8_t { kNone, kMix, kSteps, kPlateau };

/// Throws config::UsageError for a name that is no schedule, listing them.
[[nodiscard]] Schedule schedule_from(std::string_view name);

/// Whether the trainer must name the stage of every train sample.
[[nodiscard]] constexpr bool named_by_trainer(Schedule schedule) {
  return schedule == Schedule::kSteps || schedule == Schedule::kPlateau;
}

class StageSchedule {
 public:
  /// `stages` is from 1 to proto::kMaxStages.
  StageSchedule(Schedule schedule, std::uint32_t stages, std::uint64_t seed, proto::Split split);

  /// The stage of sample `index`: `named`, where the trainer named one. Throws std::out_of_range
  /// for a named stage that does not exist, std::logic_error where the schedule leaves it to the
  /// trainer and none is named.
  [[nodiscard]] std::uint8_t stage_of(std::uint64_t index, std::optional<std::uint8_t> named) const;

 private:
  Schedule schedule_;
  std::uint32_t stages_;
  std::uint64_t seed_;
  proto::Split split_;
};

}  // namespace millrace::providers
