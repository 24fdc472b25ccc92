// The sum that the ranks share between steps (control.h).
#include "trainer/control.h"

#include <array>
#include <stdexcept>

namespace millrace::trainer {

Control agree(Ranks& ranks, const Control& mine, const std::string& what) {
  std::array<double, 4> sums{mine.stop, mine.failed, mine.waiting, mine.weight};
  ranks.all_reduce_sum(sums, what);
  if (sums[1] > 0 && mine.failed == 0) throw std::runtime_error("another rank failed at " + what + "; its own error says why");
  return {sums[0], sums[1], sums[2], sums[3]};
}

}  // namespace millrace::trainer
