// The ranks' status: one small sum over the ranks between steps, so that all act alike at the same
// step.
#pragma once

#include <functional>
#include <string>

#include "trainer/distributed/process_group.h"

namespace millrace::trainer {

/// The status of one rank, or its sum over all ranks.
struct RankStatus {
  double stop = 0;     ///< 1: asked to stop
  double failed = 0;   ///< 1: cannot go on; the rank's own error says why
  double waiting = 0;  ///< micro-batches that have not arrived
  double weight = 0;   ///< Σ weight of the micro-batches that have
  double save = 0;     ///< 1: asked to save a checkpoint
};

/// Sums the status over the ranks. `what` names the operation in errors. Throws std::runtime_error
/// on every rank that did not fail itself, where another did.
[[nodiscard]] RankStatus sync_status(ProcessGroup& ranks, const RankStatus& mine,
                                     const std::string& what);

/// Does this rank's part of some work, then sums the status, `stop` included, which is set here. An
/// error in the work is rethrown after the other ranks were told, or could not be.
[[nodiscard]] RankStatus run_and_sync(ProcessGroup& ranks, const std::function<RankStatus()>& work,
                                      const std::string& what);

}  // namespace millrace::trainer
