// The metrics of each room: one struct per room, one line per metric. docs/reference/metrics.md
// lists them all; docs/how-to/add_a_metric.md adds one.
//
// A room takes a `telemetry::Registry&` (null_registry() where nobody looks), makes its struct once
// and changes the metrics from any thread:
//
//     ConsumerMetrics metrics(registry);
//     metrics.samples[batch.range.split].add(batch.range.count);
//     metrics.gets.add();
//     WaitAttribution attribution(metrics.wait_seconds);
//
// Two structs made from one registry share their metrics.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "telemetry/registry.h"

namespace millrace::telemetry {

/// One counter per split, labelled train, val, test; indexed by proto::Split.
class PerSplit {
 public:
  PerSplit(Registry& registry, std::string_view name, std::string_view help);

  template <class Split>
    requires std::is_enum_v<Split>
  [[nodiscard]] Counter& operator[](Split split) const {
    return counters_.at(static_cast<std::size_t>(split));
  }

 private:
  std::vector<std::reference_wrapper<Counter>> counters_;
};

/// A producer's: `prepare`, or the one inside a trainer.
struct ProducerMetrics {
  explicit ProducerMetrics(Registry& in) : registry(in) {}

  Registry& registry;
  PerSplit samples{registry, "millrace_producer_samples_total", "Samples delivered."};
  PerSplit bytes{registry, "millrace_producer_bytes_total", "Bytes of the samples delivered."};
  Counter& fill_seconds = registry.counter("millrace_producer_fill_seconds_total",
                                           "Time that workers spent computing samples.");
  Counter& deliver_seconds = registry.counter("millrace_producer_deliver_seconds_total",
                                              "Time that workers spent handing samples over.");
  Counter& failures = registry.counter("millrace_producer_failures_total",
                                       "Ranges that the provider could not compute.");
  Gauge& leases_open =
      registry.gauge("millrace_producer_leases_open", "Ranges that workers have at hand.");
};

/// The trainer's end of a queue: what it asked for, and what it dropped.
struct QueueMetrics {
  explicit QueueMetrics(Registry& in) : registry(in) {}

  Registry& registry;
  Gauge& producers =
      registry.gauge("millrace_queue_producers", "Producers that are accepted and alive.");
  Gauge& leases_open =
      registry.gauge("millrace_queue_leases_open", "Leases that are not answered yet.");
  Counter& leases = registry.counter("millrace_queue_leases_total", "Leases made.");
  Counter& leases_late = registry.counter("millrace_queue_leases_late_total",
                                          "Leases for which a second producer was asked as well.");
  Counter& leases_gone = registry.counter("millrace_queue_leases_gone_total",
                                          "Leases lost with their producer and made again.");
  Counter& leases_failed = registry.counter("millrace_queue_leases_failed_total",
                                            "Leases that a producer could not compute.");
  Counter& unasked = registry.counter("millrace_queue_unasked_total",
                                      "Answers dropped because their sender was never asked.");
  Counter& duplicates =
      registry.counter("millrace_queue_duplicates_total",
                       "Answers dropped because their range was not wanted any more.");
  Counter& foreign = registry.counter("millrace_queue_foreign_total",
                                      "Answers dropped because they were not what was asked for.");
  Counter& refused = registry.counter("millrace_queue_refused_total",
                                      "Producers turned away, each time with the reason.");
  Counter& audited =
      registry.counter("millrace_queue_audited_total", "Ranges that two producers computed alike.");
  Counter& disagreed = registry.counter("millrace_queue_disagreed_total",
                                        "Ranges that producers computed differently.");

  /// Messages and files dropped as damaged, by cause: the few words that the log has for it.
  [[nodiscard]] Counter& damaged(std::string_view cause) const;
  /// Connections by what became of them: accepted, established, closed, unfinished, malformed,
  /// other_kind, wrong_key, not_allowed, over_limit.
  [[nodiscard]] Counter& connections(std::string_view what) const;
};

/// A rank's samples between queue and training.
struct ConsumerMetrics {
  explicit ConsumerMetrics(Registry& in) : registry(in) {}

  Registry& registry;
  PerSplit samples{registry, "millrace_consumer_samples_total", "Samples received."};
  PerSplit bytes{registry, "millrace_consumer_bytes_total", "Bytes of the samples received."};
  Gauge& window_samples = registry.gauge("millrace_consumer_window_samples",
                                         "Train samples wanted ahead of the trainer.");
  Gauge& held_samples = registry.gauge("millrace_consumer_held_samples",
                                       "Train samples that are here and not used yet.");
  Counter& gets =
      registry.counter("millrace_consumer_gets_total", "Times the trainer asked for samples.");
  Counter& gets_ready = registry.counter("millrace_consumer_gets_ready_total",
                                         "Times they were there when it asked.");
  /// By WaitCause, for WaitAttribution.
  std::vector<std::reference_wrapper<Counter>> wait_seconds = wait_counters(registry);

 private:
  [[nodiscard]] static std::vector<std::reference_wrapper<Counter>> wait_counters(
      Registry& registry);
};

/// A rank's training.
struct TrainMetrics {
  explicit TrainMetrics(Registry& in) : registry(in) {}

  Registry& registry;
  Gauge& step = registry.gauge("millrace_train_step", "Completed steps of the run.");
  Counter& samples = registry.counter("millrace_train_samples_total",
                                      "Train samples that this rank used in completed steps.");
  Counter& step_seconds = registry.counter("millrace_train_step_seconds_total",
                                           "Time that steps took, waiting included.");
  Counter& wait_seconds =
      registry.counter("millrace_train_wait_seconds_total", "Time that steps waited for data.");
  Gauge& wait_ratio = registry.gauge("millrace_train_wait_ratio",
                                     "Share of the last step that was waiting for data.");
  Gauge& loss = registry.gauge("millrace_train_loss", "Loss of the last step, nats per target.");
  Gauge& val_loss =
      registry.gauge("millrace_train_val_loss", "Loss of the last evaluation, nats per target.");
  Gauge& learning_rate =
      registry.gauge("millrace_train_learning_rate", "Learning rate of the last step.");
  Gauge& gradient_norm = registry.gauge("millrace_train_gradient_norm",
                                        "Norm of the last step's gradient before clipping.");
  Counter& bad_steps = registry.counter("millrace_train_bad_steps_total",
                                        "Steps left out for want of a finite loss and gradient.");
};

/// Exports the stream of this process, as labels of a metric that is always 1.
void export_stream_info(Registry& registry, const std::string& fingerprint,
                        const std::string& provider);

}  // namespace millrace::telemetry
