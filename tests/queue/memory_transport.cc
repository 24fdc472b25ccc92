// memory://NAME: both ends in one process, which find each other by NAME. An example of a
// transport; docs/how-to/add_a_transport.md quotes it.
#include "tests/queue/memory_transport.h"

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "queue/ends/mailbox.h"
#include "queue/ends/range_order.h"

namespace millrace::queue {
namespace {

/// The producers' offers at one NAME, and the ranges and batches of each stream there.
struct Channel {
  Mailbox<proto::StreamMeta> offers;
  Mailbox<LeasedRange> leased;
  Mailbox<proto::Batch> batches;
  std::atomic<std::uint64_t> leases = 0;  ///< made so far
};

/// The channel of a NAME, or of one stream there. It lives as long as an end that uses it.
std::shared_ptr<Channel> channel_of(const Uri& uri, const std::string& fingerprint = {}) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<Channel>> channels;
  const std::lock_guard lock(mutex);
  std::weak_ptr<Channel>& known = channels[uri.rest + "/" + fingerprint];
  std::shared_ptr<Channel> channel = known.lock();
  if (!channel) known = channel = std::make_shared<Channel>();
  return channel;
}

class MemoryProducerEnd final : public ProducerEnd {
 public:
  MemoryProducerEnd(const Uri& uri, const proto::StreamMeta& meta)
      : place_(channel_of(uri)), channel_(channel_of(uri, meta.fingerprint)) {
    place_->offers.put(meta);
  }
  ~MemoryProducerEnd() override {  // what it has not answered goes to others
    for (const auto& [lease, leased] : open_) channel_->leased.put(leased);
  }

  std::optional<LeasedRange> next(Milliseconds timeout) override {
    const auto leased = channel_->leased.take(timeout);
    const std::lock_guard lock(mutex_);
    if (leased) open_.emplace(leased->lease, *leased);
    return leased;
  }
  void deliver(const LeasedRange& leased, const proto::Batch& batch) override {
    channel_->batches.put(batch);
    const std::lock_guard lock(mutex_);
    open_.erase(leased.lease);
  }
  bool complete() const override { return false; }
  std::string state() const override { return "waiting for requests"; }

 private:
  const std::shared_ptr<Channel> place_;
  const std::shared_ptr<Channel> channel_;
  std::mutex mutex_;  // open_: several workers use the end at once
  std::map<std::uint64_t, LeasedRange> open_;
};

class MemoryConsumerEnd final : public ConsumerEnd {
 public:
  MemoryConsumerEnd(const Uri& uri, const Expectation& expected, const ConsumerPlan& plan)
      : uri_(uri), place_(channel_of(uri)), admission_(expected), window_(plan.train_window) {}
  ~MemoryConsumerEnd() override {
    if (channel_) channel_->leased.clear();
  }

  std::optional<proto::StreamMeta> wait_for_stream(Milliseconds timeout) override {
    if (accepted_) return accepted_;
    const auto offer = place_->offers.take(timeout);
    if (!offer || admission_.mismatch(*offer)) return std::nullopt;
    place_->offers.put(*offer);  // for the next consumer
    channel_ = channel_of(uri_, offer->fingerprint);
    return accepted_ = offer;
  }
  std::uint32_t range_samples() const override {
    return leased_range_samples(accepted_->schema, window_);
  }
  void request(const proto::Range& range) override {
    if (requested_.insert(range).second) channel_->leased.put({++channel_->leases, range});
  }
  std::optional<proto::Batch> receive(Milliseconds timeout) override {
    const auto batch = channel_->batches.take(timeout);
    if (!batch || requested_.erase(batch->range) == 0) return std::nullopt;  // cancelled, or again
    return batch;
  }
  void release(proto::Split, std::uint64_t) override {}
  void set_stage_log(const proto::StageLog& log) override {
    std::erase_if(requested_,
                  [&](const proto::Range& range) { return !proto::agrees(log, range); });
  }
  WaitState state() const override { return {telemetry::WaitCause::kProvider, "waiting"}; }

 private:
  const Uri uri_;
  const std::shared_ptr<Channel> place_;
  std::shared_ptr<Channel> channel_;  ///< of the accepted stream
  const Admission admission_;
  const Window window_;
  std::optional<proto::StreamMeta> accepted_;
  std::set<proto::Range, Sooner> requested_;  ///< and not received yet
};

}  // namespace

Transport memory_transport() {
  return {.scheme = "memory",
          .place = "NAME",
          .open_producer_end = [](const Uri& uri, const proto::StreamMeta& meta,
                                  const ProducerPlan&) -> std::unique_ptr<ProducerEnd> {
            return std::make_unique<MemoryProducerEnd>(uri, meta);
          },
          .open_consumer_end = [](const Uri& uri, const Expectation& expected,
                                  const ConsumerPlan& plan) -> std::unique_ptr<ConsumerEnd> {
            return std::make_unique<MemoryConsumerEnd>(uri, expected, plan);
          }};
}

}  // namespace millrace::queue
