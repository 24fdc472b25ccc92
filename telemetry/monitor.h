// The monitor of a process: its metrics, its health and, if the recipe asks for it, the HTTP port
// that shows them.
//
//     GET /metrics    Prometheus' text format
//     GET /healthz    one line of JSON; status 200 if the process is ok, else 503
//
// Made first in a program, and destroyed after everything that uses its metrics.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "telemetry/health.h"
#include "telemetry/http_port.h"
#include "telemetry/registry.h"

namespace millrace::telemetry {

struct MonitorPlan {
  std::string address;                ///< watch.address; empty: no port
  bool exposed = false;               ///< watch.exposed: other machines may reach the port
  std::uint32_t rank = 0;             ///< rank r listens at the address's port + r
  std::chrono::seconds patience{60};  ///< see Health
  Labels labels = {};                 ///< of every metric
};

class Monitor {
 public:
  /// Throws std::invalid_argument for an address that cannot be used, std::runtime_error if the
  /// port cannot be opened.
  explicit Monitor(const MonitorPlan& plan);

  [[nodiscard]] Registry& registry() { return registry_; }
  [[nodiscard]] Health& health() { return health_; }
  /// "http://127.0.0.1:9100", with the port that is open; empty: none is.
  [[nodiscard]] std::string url() const;

 private:
  Registry registry_;
  Health health_;
  std::unique_ptr<HttpPort> port_;  // last: it shows the others
};

}  // namespace millrace::telemetry
