// Which stage the coming train samples have, where the trainer names it: the schedules steps and
// plateau.
//
// Pure decisions from the recipe and the run's state, so that all ranks, and a run that is resumed,
// decide alike. A change always lies at the first sample of a step. Free of LibTorch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/options.h"
#include "proto/checkpoint.h"

namespace millrace::trainer {

/// The stage log of a new run. steps: all changes, known ahead, so that producers need not wait for
/// them; plateau: the first stage; else none: the stage is part of the stream's function.
[[nodiscard]] proto::StageLog first_stage_log(const config::Options& options);

/// Whether `loss` is below the lowest so far; one that is no finite number never is.
[[nodiscard]] bool improves(double loss, const std::optional<double>& lowest);

/// Counts the evaluation that followed state.step under plateau, and moves on to the next stage
/// from state.cursor on where it was the stage's val_loss_stale_count-th in a row without
/// improvement. True: it moved on.
[[nodiscard]] bool count_evaluation(const config::ProviderOptions& provider, double val_loss,
                                    proto::TrainerState& state);

/// A line for the log where `stage` begins: "stage 2 (3 of 9: span(spans_count=20)) from step 501
/// on".
[[nodiscard]] std::string stage_line(const proto::StreamMeta& meta, std::uint8_t stage,
                                     std::uint64_t step);

/// Why plateau left a stage: "val loss has not improved for 6 evaluations".
[[nodiscard]] std::string why_left(const config::ProviderOptions& provider, std::uint8_t stage);

}  // namespace millrace::trainer
