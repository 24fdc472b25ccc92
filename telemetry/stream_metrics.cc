// Metrics whose labels are a list or come at run time (stream_metrics.h).
#include "telemetry/stream_metrics.h"

#include "telemetry/wait_attribution.h"

namespace millrace::telemetry {
namespace {

constexpr const char* kSplitNames[] = {"train", "val", "test"};

}  // namespace

PerSplit::PerSplit(Registry& registry, std::string_view name, std::string_view help) {
  for (const char* split : kSplitNames) {
    counters_.emplace_back(registry.counter(name, help, {{"split", split}}));
  }
}

Counter& QueueMetrics::damaged(std::string_view cause) const {
  return registry.counter("millrace_queue_damaged_total",
                          "Messages and files dropped as damaged, by cause.",
                          {{"cause", std::string(cause)}});
}

Counter& QueueMetrics::connections(std::string_view what) const {
  return registry.counter("millrace_queue_connections_total",
                          "Connections to this process's address, by what became of them.",
                          {{"what", std::string(what)}});
}

std::vector<std::reference_wrapper<Counter>> ConsumerMetrics::wait_counters(Registry& registry) {
  std::vector<std::reference_wrapper<Counter>> counters;
  for (const WaitCause cause : kWaitCauses) {
    counters.emplace_back(registry.counter("millrace_consumer_wait_seconds_total",
                                           "Time that the trainer waited for samples, by cause.",
                                           {{"cause", std::string(to_string(cause))}}));
  }
  return counters;
}

void export_stream_info(Registry& registry, const std::string& fingerprint,
                        const std::string& provider) {
  registry
      .gauge("millrace_stream_info", "The stream, in labels.",
             {{"fingerprint", fingerprint}, {"provider", provider}})
      .set(1.0);
}

}  // namespace millrace::telemetry
