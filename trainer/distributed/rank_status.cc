// The sum of the ranks' status (rank_status.h).
#include "trainer/distributed/rank_status.h"

#include <array>
#include <exception>
#include <stdexcept>

#include "config/app/stop.h"

namespace millrace::trainer {

RankStatus sync_status(ProcessGroup& ranks, const RankStatus& mine, const std::string& what) {
  std::array<double, 5> sums{mine.stop, mine.failed, mine.waiting, mine.weight, mine.save};
  ranks.all_reduce_sum(sums, what);
  if (sums[1] > 0 && mine.failed == 0) {
    throw std::runtime_error("another rank failed at " + what + "; its own error says why");
  }
  return {sums[0], sums[1], sums[2], sums[3], sums[4]};
}

RankStatus run_and_sync(ProcessGroup& ranks, const std::function<RankStatus()>& work,
                        const std::string& what) {
  RankStatus mine;
  std::exception_ptr error;
  try {
    mine = work();
  } catch (...) {
    error = std::current_exception();
    mine.failed = 1;
  }
  mine.stop = config::stop_requested() ? 1 : 0;
  RankStatus all;
  try {
    all = sync_status(ranks, mine, what);
  } catch (...) {
    if (!error) throw;  // else this rank's own error says more
  }
  if (error) std::rethrow_exception(error);
  return all;
}

}  // namespace millrace::trainer
