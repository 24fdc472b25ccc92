// The named numbers of one process, and their text for Prometheus.
//
// A family is a name, a kind and a help text; its cells differ in their labels. Names follow
// Prometheus' conventions: they start with millrace_, have base units (seconds, bytes) at their
// end, and counters end in _total. Cells live as long as the registry and never move, so a room
// asks once and keeps the reference. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "telemetry/metric.h"

namespace millrace::telemetry {

/// Name and value, in the order of the names.
using Labels = std::map<std::string, std::string>;

class Registry {
 public:
  /// `common` labels stand on every cell, e.g. the trainer's rank.
  explicit Registry(Labels common = {}) : common_(std::move(common)) {}

  /// The cell of that name and those labels, made when first asked for. Throws std::logic_error for
  /// a name or label that Prometheus cannot read, and where the name stands for another kind or
  /// help text already.
  [[nodiscard]] Counter& counter(std::string_view name, std::string_view help,
                                 const Labels& labels = {});
  [[nodiscard]] Gauge& gauge(std::string_view name, std::string_view help,
                             const Labels& labels = {});

  /// All families by name, each with its cells by label: the text format, version 0.0.4.
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
  mutable std::mutex mutex_;  // families_; not the cells' values
  std::map<std::string, Family, std::less<>> families_;
};

/// A registry that nobody reads, for what runs unwatched: tools and tests.
[[nodiscard]] Registry& null_registry();

}  // namespace millrace::telemetry
