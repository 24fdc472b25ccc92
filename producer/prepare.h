// The work of `prepare`: runs a producer until it is stopped, or until enough samples are
// delivered.
#pragma once

#include <cstdint>
#include <optional>

#include "config/options.h"

namespace millrace::producer {

/// Totals of what was delivered, over all splits.
struct Prepared {
  std::uint64_t samples = 0;
  std::uint64_t tokens = 0;
  double seconds = 0;
};

/// Ends on SIGINT or SIGTERM, after each worker has finished its range, or once `samples` train
/// samples are delivered (over file://: are in the folder). Throws UsageError for a queue.uri that
/// cannot be used.
[[nodiscard]] Prepared prepare(const config::Options& options,
                               std::optional<std::uint64_t> samples);

}  // namespace millrace::producer
