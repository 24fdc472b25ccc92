// The monitor of a process (monitor.h).
#include "telemetry/monitor.h"

#include <cstdint>
#include <limits>
#include <stdexcept>

namespace millrace::telemetry {
namespace {

Address address_of(const MonitorPlan& plan) {
  Address address = parse_address(plan.address, plan.exposed);
  if (address.port == 0) return address;
  const std::uint64_t port = std::uint64_t{address.port} + plan.rank;
  if (port > std::numeric_limits<std::uint16_t>::max()) {
    throw std::invalid_argument("watch.address '" + plan.address + "' leaves rank " +
                                std::to_string(plan.rank) +
                                " no port: rank r listens at the port + r; choose a lower one");
  }
  address.port = static_cast<std::uint16_t>(port);
  return address;
}

Page metrics_page(const Registry& registry) {
  return {200, "text/plain; version=0.0.4; charset=utf-8", registry.prometheus_text()};
}

Page health_page(const Health& health) {
  const Health::Report report = health.report();
  return {report.ok ? 200 : 503, "application/json", report.json};
}

}  // namespace

Monitor::Monitor(const MonitorPlan& plan) : registry_(plan.labels), health_(plan.patience) {
  if (plan.address.empty()) return;
  port_ = std::make_unique<HttpPort>(address_of(plan),
                                     Pages{{"/metrics", [this] { return metrics_page(registry_); }},
                                           {"/healthz", [this] { return health_page(health_); }}});
}

std::string Monitor::url() const { return port_ ? "http://" + to_string(port_->address()) : ""; }

}  // namespace millrace::telemetry
