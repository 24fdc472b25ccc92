// A process as seen from outside: its numbers, its health and, where the recipe asks for it, the
// port that shows them.
//
//     GET /metrics    Prometheus' text format
//     GET /healthz    one line of JSON; 200 where all is well, 503 where not
//
// Made first in a program and outlives all that holds one of its cells.
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
  bool exposed = false;               ///< watch.exposed: others may reach it
  std::uint32_t rank = 0;             ///< rank r listens at the address's port + r
  std::chrono::seconds patience{60};  ///< see Health
  Labels labels = {};                 ///< on every cell
};

class Monitor {
 public:
  /// Throws std::invalid_argument for an address that cannot be used, std::runtime_error where the
  /// port cannot be opened.
  explicit Monitor(const MonitorPlan& plan);

  [[nodiscard]] Registry& registry() { return registry_; }
  [[nodiscard]] Health& health() { return health_; }
  /// "http://127.0.0.1:9100", as it came out; empty without a port.
  [[nodiscard]] std::string url() const;

 private:
  Registry registry_;
  Health health_;
  std::unique_ptr<HttpPort> port_;  // last: it shows the others
};

}  // namespace millrace::telemetry
