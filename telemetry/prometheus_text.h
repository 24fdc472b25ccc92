// Lines of Prometheus' text format, version 0.0.4:
//
//     # HELP millrace_producer_samples_total Samples delivered.
//     # TYPE millrace_producer_samples_total counter
//     millrace_producer_samples_total{split="train"} 4096
//
// Source: prometheus.io/docs/instrumenting/exposition_formats.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace millrace::telemetry {

/// Letters, digits, underscores and colons, and no digit first.
[[nodiscard]] bool is_metric_name(std::string_view name);
/// The same without colons.
[[nodiscard]] bool is_label_name(std::string_view name);

/// The two lines that open a family; `type` is "counter" or "gauge".
[[nodiscard]] std::string head_lines(std::string_view name, std::string_view help,
                                     std::string_view type);
/// The line of one metric. Label values are escaped; integers have no decimal point; every number
/// reads back as the same double.
[[nodiscard]] std::string sample_line(std::string_view name,
                                      const std::map<std::string, std::string>& labels,
                                      double value);

}  // namespace millrace::telemetry
