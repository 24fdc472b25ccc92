// Opening a program's monitor (open_monitor.h).
#include "endpoint/open_monitor.h"

#include <spdlog/spdlog.h>

#include <stdexcept>

#include "config/errors.h"

namespace millrace::endpoint {

std::unique_ptr<telemetry::Monitor> open_monitor(const config::WatchOptions& options,
                                                 std::chrono::seconds patience, std::uint32_t rank,
                                                 const telemetry::Labels& labels) try {
  auto monitor = std::make_unique<telemetry::Monitor>(
      telemetry::MonitorPlan{options.address, options.exposed, rank, patience, labels});
  if (!monitor->url().empty()) spdlog::info("watch at {0}/metrics and {0}/healthz", monitor->url());
  return monitor;
} catch (const std::invalid_argument& error) {
  throw config::UsageError(error.what());
}

}  // namespace millrace::endpoint
