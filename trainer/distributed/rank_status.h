// What the ranks tell each other between steps, in one small sum, so that all act alike at the same
// step.
#pragma once

#include <functional>
#include <string>

#include "trainer/distributed/process_group.h"

namespace millrace::trainer {

/// Of one rank when given, of all together when returned: a count of the ranks for which it holds.
struct RankStatus {
  double stop = 0;     ///< asked to stop
  double failed = 0;   ///< cannot go on; its own error says why
  double waiting = 0;  ///< micro-batches that have not arrived
  double weight = 0;   ///< of the micro-batches that have
};

/// Throws std::runtime_error on every rank whose own part did not fail where another's did.
[[nodiscard]] RankStatus agree(ProcessGroup& ranks, const RankStatus& mine,
                               const std::string& what);

/// Does this rank's part of some work, then agrees, also on whether the process was asked to stop.
/// An error in the work is rethrown after the others were told.
[[nodiscard]] RankStatus run_and_sync(ProcessGroup& ranks, const std::function<RankStatus()>& work,
                                      const std::string& what);

}  // namespace millrace::trainer
