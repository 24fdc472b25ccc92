// A consumer's end with its producer inside (inproc.h).
#include "producer/inproc.h"

#include <utility>

#include "producer/producer.h"
#include "queue/inproc.h"

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

std::unique_ptr<queue::ConsumerEnd> make_inproc_producer(const Stream& stream,
                                                         const queue::Expectation& expected,
                                                         std::uint32_t threads,
                                                         std::uint32_t range_samples,
                                                         telemetry::Registry& registry) {
  return std::make_unique<InprocProducer>(
      stream, queue::make_inproc(stream.meta, expected, range_samples), threads, registry);
}

}  // namespace millrace::producer
