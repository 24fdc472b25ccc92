// The work of `prepare`: run a producer until it is stopped, or until enough samples are out.
#pragma once

#include <cstdint>
#include <optional>

#include "config/options.h"

namespace millrace::producer {

struct Prepared {
  std::uint64_t samples = 0;  ///< delivered, of all splits
  std::uint64_t tokens = 0;
  double seconds = 0;
};

/// Ends on SIGINT or SIGTERM (each worker finishes the range at hand, so nothing is left
/// half-written), or once `samples` train samples are out (for file://: are there). Throws
/// UsageError for a uri that cannot be used.
[[nodiscard]] Prepared prepare(const config::Options& options,
                               std::optional<std::uint64_t> samples);

}  // namespace millrace::producer
