// The metrics of one process by name, and their text for Prometheus.
//
// A family is a name, a kind and a help text; its metrics differ in their labels. Names follow
// Prometheus' conventions: they start with millrace_, end in their base unit (seconds, bytes), and
// those of counters in _total. Metrics live as long as the registry and never move, so callers keep
// references to them. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "telemetry/metric.h"

namespace millrace::telemetry {

/// Values by name.
using Labels = std::map<std::string, std::string>;

class Registry {
 public:
  /// Every metric has the `common` labels, e.g. the trainer's rank.
  explicit Registry(Labels common = {}) : common_(std::move(common)) {}

  /// The metric with this name and these labels, made by the first call. Throws std::logic_error
  /// for a name or label that Prometheus cannot read, and if the name has another kind or help text
  /// already.
  [[nodiscard]] Counter& counter(std::string_view name, std::string_view help,
                                 const Labels& labels = {});
  [[nodiscard]] Gauge& gauge(std::string_view name, std::string_view help,
                             const Labels& labels = {});

  /// All families by name, each with its metrics by label, in Prometheus' text format 0.0.4.
  [[nodiscard]] std::string prometheus_text() const;

 private:
  enum class Kind { kCounter, kGauge };
  struct Family {
    Kind kind;
    std::string help;
    std::map<Labels, std::unique_ptr<Counter>> counters;  ///< where the kind is kCounter
    std::map<Labels, std::unique_ptr<Gauge>> gauges;      ///< where it is kGauge
  };

  [[nodiscard]] Family& family(std::string_view name, Kind kind, std::string_view help);
  [[nodiscard]] Labels with_common(const Labels& labels) const;

  const Labels common_;
  mutable std::mutex mutex_;  // guards families_, not the metrics' values
  std::map<std::string, Family, std::less<>> families_;
};

/// A registry that nobody reads, for tools and tests.
[[nodiscard]] Registry& null_registry();

}  // namespace millrace::telemetry
