// A trainer without a model: takes the batches of a recipe's stream in order, and does nothing with
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "config/options.h"
#include "consumer/batch_source.h"
#include "queue/ends/admission.h"
#include "telemetry/registry.h"
#include "telemetry/stream_metrics.h"

namespace millrace::tools {

class FakeTrainer {
 public:
  /// Waits for the stream. Over inproc:// the producer is inside. Throws what
  /// producer::open_consumer_end() throws, and std::runtime_error, with what it waited for, where
  /// no stream comes in time. `check` is called now and then during every wait, and throws where
  /// waiting is in vain.
  FakeTrainer(const config::Options& options, std::function<void()> check);
  /// The same for another stream over the recipe's transport.
  FakeTrainer(const config::Options& options, const queue::Expectation& expected,
              std::function<void()> check);

  /// Takes the next batch_size samples. Throws std::runtime_error, with what it waited for, where
  /// they do not come in time.
  void take();

  [[nodiscard]] std::uint32_t batch_samples() const { return batch_samples_; }
  [[nodiscard]] double batch_tokens() const {
    return static_cast<double>(batch_samples_) * meta().block_size;
  }
  [[nodiscard]] const proto::StreamMeta& meta() const { return source_->meta(); }

  /// Since the start: how often a batch was asked for, and how often it was there at once.
  [[nodiscard]] double gets() const { return metrics_.gets.value(); }
  [[nodiscard]] double gets_ready() const { return metrics_.gets_ready.value(); }
  /// Ranges leased to producers and not sent yet; always 0 over file://, which has no leases.
  [[nodiscard]] double leases_open() const { return queue_metrics_.leases_open.value(); }

 private:
  const std::function<void()> check_;
  telemetry::Registry registry_;
  telemetry::ConsumerMetrics metrics_;
  telemetry::QueueMetrics queue_metrics_;
  const std::uint32_t batch_samples_;
  const std::uint64_t step_samples_;  ///< the cursor moves when an optimizer step would be complete
  std::uint64_t next_ = 0;
  std::unique_ptr<consumer::BatchSource> source_;  // last: it counts in the registry
};

}  // namespace millrace::tools
