// What a run computes on: device, threads, and the facts that decide whether a resumed run can be
// bit-identical.
#pragma once

#include <cstdint>
#include <string>

#include "config/options.h"
#include "proto/checkpoint.h"
#include "trainer/device/precision.h"
#include "trainer/distributed/process_group.h"

namespace millrace::trainer {

/// train.device: "auto" is the GPU with the rank's local number where there is one, else the CPU;
/// it becomes the current device. Throws UsageError for "cuda" where there is none.
[[nodiscard]] torch::Device choose_device(const std::string& name, std::uint32_t local_rank);

/// Sets the number of LibTorch's CPU threads (0 leaves its own choice), and lets the process keep
/// the memory that each step takes and gives back.
void prepare_cpu(std::uint32_t threads);

/// Notes in `state` where this run computes.
void describe_machine(proto::TrainerState& state, torch::Device device, const Precision& precision,
                      const ProcessGroup& ranks);

/// Warns of each fact in which a resumed run differs from its checkpoint: it goes on, but not bit
/// by bit.
void warn_of_other_machine(const proto::TrainerState& checkpoint, const proto::TrainerState& here);

}  // namespace millrace::trainer
