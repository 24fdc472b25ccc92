// One batch in memory, and the thread that delivers slices of it.
#include "tools/bench/constant_stream.h"

#include <chrono>
#include <span>
#include <utility>

#include "proto/probe.h"

namespace millrace::tools {
namespace {

constexpr std::uint32_t kTokens = 1024;
constexpr queue::Milliseconds kLookForStopEvery{50};

proto::StreamMeta make_meta() {
  proto::StreamMeta meta;
  meta.provider = "constant";
  meta.schema.fields = {
      {"x", proto::WireType::kU8, proto::LogicalType::kI64, {kTokens}, proto::Role::kInput, false},
      {"y", proto::WireType::kU8, proto::LogicalType::kI64, {kTokens}, proto::Role::kTarget, true}};
  meta.vocab_size = 64;
  meta.block_size = kTokens;
  meta.train_stages = meta.val_stages = {"none"};
  meta.sizes = {proto::kEndless, 0, 0};
  meta.fingerprint = proto::fingerprint_of(meta);
  return meta;
}

proto::Batch make_largest(const proto::Schema& schema) {
  const proto::BatchBuffer buffer =
      proto::make_batch(schema, {proto::Split::kTrain, 0, ConstantStream::kMostSamples, {}});
  for (const std::span<std::byte> column : buffer.view.columns) {
    for (std::size_t i = 0; i < column.size(); ++i) {
      column[i] = static_cast<std::byte>(i * 7919 >> 5 & 63);
    }
  }
  return buffer.batch;
}

}  // namespace

ConstantStream::ConstantStream() : meta_(make_meta()), largest_(make_largest(meta_.schema)) {
  const auto first = proto::probe_range(meta_, proto::Split::kTrain, false);
  meta_.probe[static_cast<std::size_t>(proto::Split::kTrain)] =
      proto::probe_digest(meta_.schema, batch(first.value()));
}

proto::Batch ConstantStream::batch(const proto::Range& range) const {
  proto::Batch batch = proto::slice(meta_.schema, largest_, 0, range.count);
  batch.range = range;
  return batch;
}

std::vector<proto::SharedBytes> ConstantStream::columns(std::uint32_t samples) const {
  return proto::slice(meta_.schema, largest_, 0, samples).columns;
}

ConstantProducer::ConstantProducer(const ConstantStream& stream,
                                   std::shared_ptr<queue::ProducerEnd> end)
    : stream_(stream),
      end_(std::move(end)),
      work_(std::async(std::launch::async, [this] { work(); })) {}

void ConstantProducer::work() {
  while (!stopping_) {
    if (const auto leased = end_->next(kLookForStopEvery)) deliver(*leased);
  }
}

void ConstantProducer::deliver(const queue::LeasedRange& leased) try {
  end_->deliver(leased, stream_.batch(leased.range));
} catch (const queue::NotStored&) {  // the range is leased again
}

void ConstantProducer::check() {
  if (work_.valid() && work_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    work_.get();
  }
}

}  // namespace millrace::tools
