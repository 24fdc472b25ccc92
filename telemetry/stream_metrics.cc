#include "telemetry/stream_metrics.h"

#include "telemetry/wait_attribution.h"

namespace millrace::telemetry {
namespace {

constexpr const char* kSplitNames[] = {"train", "val", "test"};

std::vector<std::reference_wrapper<Counter>> wait_counters(Registry& registry) {
  std::vector<std::reference_wrapper<Counter>> counters;
  for (const WaitCause cause : kWaitCauses) {
    counters.emplace_back(registry.counter("millrace_consumer_wait_seconds_total",
                                           "Time that the trainer waited for samples, by cause.",
                                           {{"cause", std::string(to_string(cause))}}));
  }
  return counters;
}

}  // namespace

PerSplit::PerSplit(Registry& registry, std::string_view name, std::string_view help) {
  for (const char* split : kSplitNames) {
    cells_.emplace_back(registry.counter(name, help, {{"split", split}}));
  }
}

ProducerMetrics::ProducerMetrics(Registry& registry)
    : samples(registry, "millrace_producer_samples_total", "Samples delivered."),
      bytes(registry, "millrace_producer_bytes_total", "Bytes of the samples delivered."),
      fill_seconds(registry.counter("millrace_producer_fill_seconds_total",
                                    "Time that workers spent computing samples.")),
      deliver_seconds(registry.counter("millrace_producer_deliver_seconds_total",
                                       "Time that workers spent handing samples over.")),
      failures(registry.counter("millrace_producer_failures_total",
                                "Ranges that the provider could not compute.")),
      leases_open(
          registry.gauge("millrace_producer_leases_open", "Ranges that workers have at hand.")) {}

QueueMetrics::QueueMetrics(Registry& registry)
    : producers(
          registry.gauge("millrace_queue_producers", "Producers that are accepted and alive.")),
      leases_open(
          registry.gauge("millrace_queue_leases_open", "Leases that are not answered yet.")),
      leases(registry.counter("millrace_queue_leases_total", "Leases made.")),
      leases_late(registry.counter("millrace_queue_leases_late_total",
                                   "Leases for which a second producer was asked as well.")),
      leases_gone(registry.counter("millrace_queue_leases_gone_total",
                                   "Leases lost with their producer and made again.")),
      leases_failed(registry.counter("millrace_queue_leases_failed_total",
                                     "Leases that a producer could not compute.")),
      unasked(registry.counter("millrace_queue_unasked_total",
                               "Answers dropped because their sender was never asked.")),
      duplicates(registry.counter("millrace_queue_duplicates_total",
                                  "Answers dropped because their range was not wanted any more.")),
      foreign(registry.counter("millrace_queue_foreign_total",
                               "Answers dropped because they were not what was asked for.")),
      refused(registry.counter("millrace_queue_refused_total",
                               "Producers turned away, each time with the reason.")),
      audited(registry.counter("millrace_queue_audited_total",
                               "Ranges that two producers computed alike.")),
      disagreed(registry.counter("millrace_queue_disagreed_total",
                                 "Ranges that producers computed differently.")),
      registry_(registry) {}

Counter& QueueMetrics::damaged(std::string_view cause) const {
  return registry_.counter("millrace_queue_damaged_total",
                           "Messages and files dropped as damaged, by cause.",
                           {{"cause", std::string(cause)}});
}

Counter& QueueMetrics::connections(std::string_view what) const {
  return registry_.counter("millrace_queue_connections_total",
                           "Connections to this process's address, by what became of them.",
                           {{"what", std::string(what)}});
}

ConsumerMetrics::ConsumerMetrics(Registry& registry)
    : samples(registry, "millrace_consumer_samples_total", "Samples received."),
      bytes(registry, "millrace_consumer_bytes_total", "Bytes of the samples received."),
      window_samples(registry.gauge("millrace_consumer_window_samples",
                                    "Train samples wanted ahead of the trainer.")),
      held_samples(registry.gauge("millrace_consumer_held_samples",
                                  "Train samples that are here and not used yet.")),
      gets(
          registry.counter("millrace_consumer_gets_total", "Times the trainer asked for samples.")),
      gets_ready(registry.counter("millrace_consumer_gets_ready_total",
                                  "Times they were there when it asked.")),
      wait_seconds(wait_counters(registry)) {}

TrainMetrics::TrainMetrics(Registry& registry)
    : step(registry.gauge("millrace_train_step", "Completed steps of the run.")),
      samples(registry.counter("millrace_train_samples_total",
                               "Train samples that this rank used in completed steps.")),
      step_seconds(registry.counter("millrace_train_step_seconds_total",
                                    "Time that steps took, waiting included.")),
      wait_seconds(registry.counter("millrace_train_wait_seconds_total",
                                    "Time that steps waited for data.")),
      wait_ratio(registry.gauge("millrace_train_wait_ratio",
                                "Share of the last step that was waiting for data.")),
      loss(registry.gauge("millrace_train_loss", "Loss of the last step, nats per target.")),
      val_loss(registry.gauge("millrace_train_val_loss",
                              "Loss of the last evaluation, nats per target.")),
      learning_rate(
          registry.gauge("millrace_train_learning_rate", "Learning rate of the last step.")),
      gradient_norm(registry.gauge("millrace_train_gradient_norm",
                                   "Norm of the last step's gradient before clipping.")),
      bad_steps(registry.counter("millrace_train_bad_steps_total",
                                 "Steps left out for want of a finite loss and gradient.")) {}

void tell_stream(Registry& registry, const std::string& fingerprint, const std::string& provider) {
  registry
      .gauge("millrace_stream_info", "The stream, in labels.",
             {{"fingerprint", fingerprint}, {"provider", provider}})
      .set(1.0);
}

}  // namespace millrace::telemetry
