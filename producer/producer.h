// Lease → fill → send: worker threads that take orders from a transport, have the provider fill
// them, and deliver.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "providers/data_provider.h"
#include "queue/ends/ends.h"
#include "telemetry/registry.h"
#include "telemetry/stream_metrics.h"

namespace millrace::producer {

class Producer {
 public:
  /// Starts `threads` workers. Provider and end are used by all of them at once; what they do is
  /// counted in `registry`.
  Producer(std::shared_ptr<const providers::DataProvider> provider,
           std::shared_ptr<queue::ProducerEnd> end, std::uint32_t threads,
           telemetry::Registry& registry = telemetry::null_registry());
  /// Workers finish the order at hand and end.
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// Throws what ended a worker, if something did.
  void check() const;

  [[nodiscard]] std::uint64_t samples() const { return samples_; }  ///< delivered, of all splits
  [[nodiscard]] std::uint64_t train_samples() const { return train_samples_; }

 private:
  void work();
  /// Empty where the provider threw; the end is told then.
  [[nodiscard]] std::optional<proto::Batch> fill(const queue::LeasedRange& order);
  void carry_out(const queue::LeasedRange& order);
  /// False: not stored for now.
  [[nodiscard]] bool deliver(const queue::LeasedRange& order, const proto::Batch& batch);
  void count(const queue::LeasedRange& order);

  std::shared_ptr<const providers::DataProvider> provider_;
  std::shared_ptr<queue::ProducerEnd> end_;
  const telemetry::ProducerMetrics metrics_;
  const std::uint64_t bytes_per_sample_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> samples_{0};
  std::atomic<std::uint64_t> train_samples_{0};
  mutable std::mutex mutex_;  // failure_
  std::exception_ptr failure_;
  std::vector<std::thread> workers_;
};

}  // namespace millrace::producer
