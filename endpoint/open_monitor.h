// The port of [watch], as prepare and train open it.
#pragma once

#include <chrono>
#include <memory>

#include "config/options.h"
#include "telemetry/monitor.h"

namespace millrace::endpoint {

/// Says on stderr where it listens; without an address nothing does, and the numbers are kept all
/// the same. `patience`: see telemetry::Health. `rank`: of a trainer; its labels go on every cell.
/// Throws UsageError for an address that cannot be used, std::runtime_error for one that cannot be
/// opened (a port in use).
[[nodiscard]] std::unique_ptr<telemetry::Monitor> open_monitor(
    const config::WatchOptions& options, std::chrono::seconds patience, std::uint32_t rank = 0,
    const telemetry::Labels& labels = {});

}  // namespace millrace::endpoint
