// The stage of a sample, by the schedule. Pure and thread-safe.
//
//   none             0
//   mix              entry i mod S of a random permutation of 0 … S − 1 for cycle i div S
//   steps, plateau   named by the trainer
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/options.h"
#include "proto/types.h"

namespace millrace::providers {

/// For providers without stages: throws config::UsageError if options.schedule is not "none".
void refuse_schedule(const config::ProviderOptions& options);

enum class Schedule : std::uint8_t { kNone, kMix, kSteps, kPlateau };

/// The schedule of this name, which is one of those that the key provider.schedule allows.
[[nodiscard]] Schedule schedule_from(std::string_view name);

/// Whether the trainer must name the stage of every train sample.
[[nodiscard]] constexpr bool named_by_trainer(Schedule schedule) {
  return schedule == Schedule::kSteps || schedule == Schedule::kPlateau;
}

class StageSchedule {
 public:
  /// `stages` is from 1 to proto::kMaxStages.
  StageSchedule(Schedule schedule, std::uint32_t stages, std::uint64_t seed, proto::Split split);

  /// The stage of sample `index`; `named`, if the trainer named one. Throws std::out_of_range for a
  /// named stage that does not exist, std::logic_error if the schedule needs a named stage and
  /// there is none.
  [[nodiscard]] std::uint8_t stage_of(std::uint64_t index, std::optional<std::uint8_t> named) const;

 private:
  Schedule schedule_;
  std::uint32_t stages_;
  std::uint64_t seed_;
  proto::Split split_;
};

}  // namespace millrace::providers
