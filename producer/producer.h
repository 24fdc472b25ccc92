// Lease → fill → send: worker threads that take leased ranges from a transport, have the provider
// fill them, and deliver the samples.
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
  /// Starts `threads` workers, which share `provider` and `end`. Their work is counted in
  /// `registry`.
  Producer(std::shared_ptr<const providers::DataProvider> provider,
           std::shared_ptr<queue::ProducerEnd> end, std::uint32_t threads,
           telemetry::Registry& registry = telemetry::null_registry());
  /// Waits until every worker has finished its range.
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// Throws the exception that ended a worker, if one did.
  void check() const;

  [[nodiscard]] std::uint64_t samples() const { return samples_; }  ///< delivered, of all splits
  [[nodiscard]] std::uint64_t train_samples() const { return train_samples_; }

 private:
  void work();
  void process(const queue::LeasedRange& leased);
  /// Computes the samples. Empty if the provider threw; the failure was reported to `end_`.
  [[nodiscard]] std::optional<proto::Batch> fill(const queue::LeasedRange& leased);
  /// Hands the batch to the transport. False if it could not be stored now.
  [[nodiscard]] bool deliver(const queue::LeasedRange& leased, const proto::Batch& batch);
  void count(const queue::LeasedRange& leased);

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
