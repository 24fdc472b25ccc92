// The monitor of a program, with the HTTP port of the recipe's [watch] table; for prepare and
// train.
#pragma once

#include <chrono>
#include <memory>

#include "config/options.h"
#include "telemetry/monitor.h"

namespace millrace::endpoint {

/// Logs where the port listens. Without an address there is no port, but metrics and health are
/// kept all the same. `patience`: see telemetry::Health. `rank`: the trainer's. `labels`: of every
/// metric. Throws UsageError for an address that cannot be used, std::runtime_error for one that
/// cannot be opened (a port in use).
[[nodiscard]] std::unique_ptr<telemetry::Monitor> open_monitor(
    const config::WatchOptions& options, std::chrono::seconds patience, std::uint32_t rank = 0,
    const telemetry::Labels& labels = {});

}  // namespace millrace::endpoint
