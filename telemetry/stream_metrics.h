// The cells that each room binds: one struct per room, made from the process's registry.
// docs/reference/metrics.md lists them.
//
// A room takes a `telemetry::Registry&` (unwatched() where nobody looks), makes its struct once and
// changes cells from any thread:
//
//     ConsumerMetrics metrics(registry);
//     metrics.samples[batch.range.split].add(batch.range.count);
//     metrics.gets.add();
//     WaitAttribution blame(metrics.wait_seconds);
//
// A struct made twice from one registry binds the same cells.
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
    return cells_.at(static_cast<std::size_t>(split));
  }

 private:
  std::vector<std::reference_wrapper<Counter>> cells_;
};

/// Of one producer: `prepare`, or the one inside a trainer.
struct ProducerMetrics {
  explicit ProducerMetrics(Registry& registry);

  PerSplit samples;          ///< delivered
  PerSplit bytes;            ///< delivered, of columns
  Counter& fill_seconds;     ///< that workers spent computing
  Counter& deliver_seconds;  ///< that workers spent handing over
  Counter& failures;         ///< ranges that the provider threw at
  Gauge& leases_open;        ///< ranges that workers have at hand
};

/// Of the consumer's end of a queue: what it asked for, and what it dropped.
struct QueueMetrics {
  explicit QueueMetrics(Registry& registry);

  Gauge& producers;        ///< accepted and alive
  Gauge& leases_open;      ///< asked for and not answered
  Counter& leases;         ///< made, again or for the first time
  Counter& leases_late;    ///< for which another producer was asked as well
  Counter& leases_gone;    ///< lost with their producer and asked for again
  Counter& leases_failed;  ///< that a producer says it cannot compute
  Counter& unasked;        ///< answers to leases that their sender never had
  Counter& duplicates;     ///< answers to what was not wanted any more
  Counter& foreign;        ///< answers of another stream, range or shape than asked for
  Counter& refused;        ///< producers turned away
  Counter& audited;        ///< ranges that two producers computed alike
  Counter& disagreed;      ///< ranges that they computed differently

  /// Of what was dropped as damaged, by cause: the few words that the log has for it.
  [[nodiscard]] Counter& damaged(std::string_view cause) const;
  /// Connections of which this is true: accepted, established, closed, unfinished, malformed,
  /// other_kind, wrong_key, not_allowed.
  [[nodiscard]] Counter& connections(std::string_view what) const;

 private:
  Registry& registry_;
};

/// Of a rank's samples between queue and trainer.
struct ConsumerMetrics {
  explicit ConsumerMetrics(Registry& registry);

  PerSplit samples;       ///< received, whole and in time
  PerSplit bytes;         ///< received, of columns
  Gauge& window_samples;  ///< train samples wanted ahead
  /// Train samples of them that are here.
  Gauge& held_samples;
  /// Times the trainer asked for samples.
  Counter& gets;
  /// Times they were there when it asked.
  Counter& gets_ready;
  std::vector<std::reference_wrapper<Counter>> wait_seconds;  ///< by WaitCause: for WaitAttribution
};

/// Of a rank's training.
struct TrainMetrics {
  explicit TrainMetrics(Registry& registry);

  Gauge& step;  ///< completed steps
  /// Train samples of completed steps that this rank used, since the process started.
  Counter& samples;
  Counter& step_seconds;  ///< time of all steps
  Counter& wait_seconds;  ///< of which waiting for data
  Gauge& wait_ratio;      ///< the share of the last step that was waiting for data
  Gauge& loss;            ///< of the last step, over all ranks
  Gauge& val_loss;        ///< of the last evaluation, over all ranks
  Gauge& learning_rate;
  Gauge& gradient_norm;
  Counter& bad_steps;  ///< without a finite loss and gradient, since the process started
};

/// Which stream this process makes or takes, as labels of a cell that is always 1.
void tell_stream(Registry& registry, const std::string& fingerprint, const std::string& provider);

}  // namespace millrace::telemetry
