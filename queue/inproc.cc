// Both ends of inproc:// (inproc.h).
#include "queue/inproc.h"

#include <set>
#include <stdexcept>
#include <utility>

#include "proto/batch_values.h"
#include "queue/ends/mailbox.h"
#include "queue/ends/range_order.h"

namespace millrace::queue {
namespace {

/// Shared by the two ends.
struct Channel {
  Mailbox<LeasedRange> leased;
  Mailbox<proto::Batch> batches;
};

class InprocProducerEnd final : public ProducerEnd {
 public:
  explicit InprocProducerEnd(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}

  std::optional<LeasedRange> next(Milliseconds timeout) override {
    return channel_->leased.take(timeout);
  }
  void deliver(const LeasedRange&, const proto::Batch& batch) override {
    channel_->batches.put(batch);
  }
  bool complete() const override { return false; }
  std::string state() const override { return "in the trainer"; }

 private:
  std::shared_ptr<Channel> channel_;
};

class InprocConsumerEnd final : public ConsumerEnd {
 public:
  InprocConsumerEnd(std::shared_ptr<Channel> channel, proto::StreamMeta meta,
                    std::uint32_t range_samples)
      : channel_(std::move(channel)), meta_(std::move(meta)), range_samples_(range_samples) {}
  ~InprocConsumerEnd() override {
    channel_->leased.clear();
    channel_->leased.close();
  }

  std::optional<proto::StreamMeta> wait_for_stream(Milliseconds) override { return meta_; }
  std::uint32_t range_samples() const override { return range_samples_; }

  void request(const proto::Range& range) override {
    if (!requested_.insert(range).second) return;
    channel_->leased.put({++leases_, range});
  }

  std::optional<proto::Batch> receive(Milliseconds timeout) override {
    auto batch = channel_->batches.take(timeout);
    if (!batch || requested_.erase(batch->range) == 0) return std::nullopt;  // cancelled
    if (const auto error = proto::invalid_value(meta_, *batch)) {
      throw std::runtime_error("the provider " + meta_.provider +
                               " made a value that its own meta does not allow: " + *error);
    }
    return batch;
  }

  void release(proto::Split, std::uint64_t) override {}
  void set_stage_log(const proto::StageLog& log) override {
    std::erase_if(requested_,
                  [&](const proto::Range& range) { return !proto::agrees(log, range); });
  }
  WaitState state() const override {
    return {telemetry::WaitCause::kProvider, "the producer in the trainer is at work"};
  }

 private:
  std::shared_ptr<Channel> channel_;
  proto::StreamMeta meta_;
  std::uint32_t range_samples_;
  std::uint64_t leases_ = 0;                  ///< made so far
  std::set<proto::Range, Sooner> requested_;  ///< and not received yet
};

}  // namespace

InprocEnds make_inproc(const proto::StreamMeta& meta, const Expectation& expected,
                       std::uint32_t range_samples) {
  if (const auto reason = Admission(expected).mismatch(meta)) {
    throw std::runtime_error("the stream does not match: " + *reason);
  }
  auto channel = std::make_shared<Channel>();
  return {std::make_shared<InprocProducerEnd>(channel),
          std::make_unique<InprocConsumerEnd>(channel, meta, range_samples)};
}

}  // namespace millrace::queue
