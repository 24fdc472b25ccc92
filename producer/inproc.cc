// The trainer's end of a recipe's queue, and the producer inside it (inproc.h).
#include "producer/inproc.h"

#include <cmath>
#include <utility>

#include "endpoint/key_files.h"
#include "endpoint/window.h"
#include "producer/producer.h"
#include "queue/inproc.h"
#include "queue/transports.h"

namespace millrace::producer {
namespace {

class InprocProducer final : public queue::ConsumerEnd {
 public:
  InprocProducer(const Stream& stream, queue::InprocEnds ends, std::uint32_t threads,
                 telemetry::Registry& registry)
      : end_(std::move(ends.consumer)),
        producer_(stream.provider, std::move(ends.producer), threads, registry) {}

  std::optional<proto::StreamMeta> wait_for_stream(queue::Milliseconds timeout) override {
    return end_->wait_for_stream(timeout);
  }
  std::uint32_t range_samples() const override { return end_->range_samples(); }
  void request(const proto::Range& range) override { end_->request(range); }
  std::optional<proto::Batch> receive(queue::Milliseconds timeout) override {
    producer_.check();
    return end_->receive(timeout);
  }
  void release(proto::Split split, std::uint64_t cursor) override { end_->release(split, cursor); }
  void set_stage_log(const proto::StageLog& log) override { end_->set_stage_log(log); }
  queue::WaitState state() const override { return end_->state(); }

 private:
  std::unique_ptr<queue::ConsumerEnd> end_;
  Producer producer_;
};

}  // namespace

std::unique_ptr<queue::ConsumerEnd> open_consumer_end(const config::Options& options,
                                                      const queue::Expectation& expected,
                                                      queue::ConsumerPlan plan) {
  const queue::Uri uri = queue::parse_uri(options.queue.uri);
  plan.train_window = endpoint::train_window(options);
  if (uri.transport->in_process) {
    const Stream stream = open_stream(options);
    return make_inproc_producer(stream, expected, options.producer.threads,
                                queue::leased_range_samples(stream.meta.schema, plan.train_window),
                                *plan.registry);
  }
  plan.advertise = options.queue.advertise;
  plan.late_after = std::chrono::milliseconds(std::llround(options.queue.late_s * 1000));
  plan.audit = options.queue.audit;
  plan.security = queue::trainer_security(endpoint::key_files(options));
  return queue::open_consumer_end(uri, expected, plan);
}

std::unique_ptr<queue::ConsumerEnd> make_inproc_producer(const Stream& stream,
                                                         const queue::Expectation& expected,
                                                         std::uint32_t threads,
                                                         std::uint32_t range_samples,
                                                         telemetry::Registry& registry) {
  return std::make_unique<InprocProducer>(
      stream, queue::make_inproc(stream.meta, expected, range_samples), threads, registry);
}

}  // namespace millrace::producer
