// The machine that a run computes on: its device, its threads, and the facts that decide whether a
// resumed run is bit-identical.
#pragma once

#include <cstdint>
#include <string>

#include "config/options.h"
#include "proto/checkpoint.h"
#include "trainer/device/precision.h"
#include "trainer/distributed/process_group.h"

namespace millrace::trainer {

/// The device that train.device names: auto, cpu or cuda. "auto" is a GPU where there is one, else
/// the CPU; ranks of one host take its GPUs in turn. A GPU becomes the current device. Throws
/// UsageError for "cuda" where LibTorch sees none.
[[nodiscard]] torch::Device choose_device(const std::string& name, std::uint32_t local_rank);

/// Sets the number of LibTorch's CPU threads for this thread, and lets the process keep freed
/// memory, which each step takes and gives back.
///
/// 0 threads: LibTorch's own choice, but no more than the control group's quota of CPUs, if the
/// environment names no number either. The number is then set to that of the threads that really
/// come, with a warning where these are fewer (OMP_THREAD_LIMIT, OMP_MAX_ACTIVE_LEVELS): LibTorch's
/// bfloat16 products are wrong where they differ. For the same reason OMP_DYNAMIC has no effect.
void prepare_cpu(std::uint32_t threads);

/// Writes this machine's facts into `state`.
void describe_machine(proto::TrainerState& state, torch::Device device, const Precision& precision,
                      const ProcessGroup& ranks);

/// Logs a warning for each fact in which a resumed run differs from its checkpoint: it goes on, but
/// not bit by bit.
void warn_of_other_machine(const proto::TrainerState& checkpoint, const proto::TrainerState& here);

}  // namespace millrace::trainer
