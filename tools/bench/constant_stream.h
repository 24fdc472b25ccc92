// A stream that needs no computation, to measure everything behind a provider: every range has the
// same bytes, ready in memory. A sample has two columns of 1024 one-byte tokens.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <vector>

#include "proto/batch.h"
#include "proto/meta.h"
#include "queue/ends/admission.h"
#include "queue/ends/ends.h"

namespace millrace::tools {

class ConstantStream {
 public:
  /// Most samples of a range: 2 MiB.
  static constexpr std::uint32_t kMostSamples = 1024;

  ConstantStream();

  [[nodiscard]] const proto::StreamMeta& meta() const { return meta_; }
  [[nodiscard]] queue::Expectation expectation() const {
    return {meta_.provider, meta_.data_seed, meta_.settings, {}};
  }
  [[nodiscard]] proto::Batch batch(const proto::Range& range) const;
  /// The columns of a batch of this many samples.
  [[nodiscard]] std::vector<proto::SharedBytes> columns(std::uint32_t samples) const;

 private:
  proto::StreamMeta meta_;
  proto::Batch largest_;  ///< of kMostSamples
};

/// Answers the requests of a transport's end, in a thread of its own, like a worker of `prepare`
/// that computes nothing.
class ConstantProducer {
 public:
  ConstantProducer(const ConstantStream& stream, std::shared_ptr<queue::ProducerEnd> end);
  ~ConstantProducer() { stopping_ = true; }
  ConstantProducer(const ConstantProducer&) = delete;
  ConstantProducer& operator=(const ConstantProducer&) = delete;

  /// Rethrows the exception that ended the thread, if any.
  void check();

 private:
  void work();
  void deliver(const queue::LeasedRange& leased);

  const ConstantStream& stream_;
  const std::shared_ptr<queue::ProducerEnd> end_;
  std::atomic<bool> stopping_{false};
  std::future<void> work_;  // last: the thread uses the members above, and is joined first
};

}  // namespace millrace::tools
