// The metrics of one process (registry.h).
#include "telemetry/registry.h"

#include <algorithm>
#include <stdexcept>

#include "telemetry/prometheus_text.h"

namespace millrace::telemetry {
namespace {

/// Makes the metric if it is not there yet.
template <class Kind>
Kind& metric(std::map<Labels, std::unique_ptr<Kind>>& metrics, const Labels& labels) {
  std::unique_ptr<Kind>& found = metrics[labels];
  if (!found) found = std::make_unique<Kind>();
  return *found;
}

void check_labels(std::string_view name, const Labels& labels) {
  for (const auto& [label, value] : labels) {
    if (!is_label_name(label)) {
      throw std::logic_error("metric '" + std::string(name) + "' has a label called '" + label +
                             "'");
    }
  }
}

}  // namespace

Counter& Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  check_labels(name, labels);
  const std::lock_guard lock(mutex_);
  return metric(family(name, Kind::kCounter, help).counters, with_common(labels));
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  check_labels(name, labels);
  const std::lock_guard lock(mutex_);
  return metric(family(name, Kind::kGauge, help).gauges, with_common(labels));
}

Registry::Family& Registry::family(std::string_view name, Kind kind, std::string_view help) {
  if (const auto found = families_.find(name); found != families_.end()) {
    if (found->second.kind == kind && found->second.help == help) return found->second;
    throw std::logic_error("metric '" + std::string(name) +
                           "' is there already, of another kind or with another help text");
  }
  if (!is_metric_name(name)) {
    throw std::logic_error("'" + std::string(name) + "' is not a name for a metric");
  }
  return families_.emplace(name, Family{kind, std::string(help), {}, {}}).first->second;
}

Labels Registry::with_common(const Labels& labels) const {
  Labels all = labels;
  all.insert(common_.begin(), common_.end());
  return all;
}

std::string Registry::prometheus_text() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [name, family] : families_) {
    text += head_lines(name, family.help, family.kind == Kind::kCounter ? "counter" : "gauge");
    for (const auto& [labels, counter] : family.counters) {
      text += sample_line(name, labels, counter->value());
    }
    for (const auto& [labels, gauge] : family.gauges) {
      text += sample_line(name, labels, gauge->value());
    }
  }
  return text;
}

Registry& null_registry() {
  static Registry registry;
  return registry;
}

}  // namespace millrace::telemetry
