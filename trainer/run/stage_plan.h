// The stages of the coming train samples under the schedules steps and plateau, where the trainer
// names them.
//
// Pure decisions from the recipe and the run's state, so that all ranks, and a resumed run, decide
// alike. A stage always begins with the first sample of a step. Free of LibTorch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/options.h"
#include "proto/checkpoint.h"

namespace millrace::trainer {

/// The stage log of a new run. steps: all changes, known ahead, so that producers need not wait for
/// them. plateau: the first stage. Else empty, since the stage is part of the stream's function.
[[nodiscard]] proto::StageLog first_stage_log(const config::Options& options);

/// Throws config::UsageError where a checkpoint's stage log is none that the recipe's schedule
/// leads to: steps has its one log; plateau the stages from 0 on, in order; other schedules none.
void check_stage_log(const config::Options& options, const proto::Checkpoint& checkpoint);

/// Whether `loss` is below the lowest so far. A loss that is not finite never is.
[[nodiscard]] bool improves(double loss, const std::optional<double>& lowest);

/// Under plateau, counts the evaluation after state.step. Where it is the stage's
/// val_loss_stale_count-th in a row without improvement, the next stage begins at state.cursor.
/// Returns whether it does.
[[nodiscard]] bool count_evaluation(const config::ProviderOptions& provider, double val_loss,
                                    proto::TrainerState& state);

/// A line for the log: "stage 2 (3 of 9: span(spans_count=20)) from step 501 on".
[[nodiscard]] std::string stage_line(const proto::StreamMeta& meta, std::uint8_t stage,
                                     std::uint64_t step);

/// Why plateau left a stage: "val loss has not improved for 6 evaluations". Empty under another
/// schedule.
[[nodiscard]] std::string why_left(const config::ProviderOptions& provider, std::uint8_t stage);

}  // namespace millrace::trainer
