// A stream that costs nothing to compute, for measuring what lies behind a provider: every range of
// it is the same bytes, which lie ready in memory. A sample is 1024 tokens of two columns of one
// byte each.
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
  /// Ranges have at most this many samples: 2 MiB.
  static constexpr std::uint32_t kMostSamples = 1024;

  ConstantStream();

  [[nodiscard]] const proto::StreamMeta& meta() const { return meta_; }
  [[nodiscard]] queue::Expectation expectation() const {
    return {meta_.provider, meta_.data_seed, meta_.settings, {}};
  }
  [[nodiscard]] proto::Batch batch(const proto::Range& range) const;
  /// The bytes of a batch of so many samples.
  [[nodiscard]] std::vector<proto::SharedBytes> columns(std::uint32_t samples) const;

 private:
  proto::StreamMeta meta_;
  proto::Batch most_;
};

/// Answers what a transport's end is asked for, in a thread of its own, as a worker of `prepare`
/// does that computes nothing.
class ConstantProducer {
 public:
  ConstantProducer(const ConstantStream& stream, std::shared_ptr<queue::ProducerEnd> end);
  ~ConstantProducer() { stopping_ = true; }
  ConstantProducer(const ConstantProducer&) = delete;
  ConstantProducer& operator=(const ConstantProducer&) = delete;

  /// Throws what ended the thread, if something did.
  void check();

 private:
  void work();
  void deliver(const queue::LeasedRange& order);

  const ConstantStream& stream_;
  const std::shared_ptr<queue::ProducerEnd> end_;
  std::atomic<bool> stopping_{false};
  std::future<void> work_;  // last: it uses all of the above, and is waited for
};

}  // namespace millrace::tools
