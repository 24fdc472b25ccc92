#include "producer/producer.h"

#include <exception>
#include <utility>

#include "telemetry/scoped_timer.h"

namespace millrace::producer {
namespace {
constexpr queue::Milliseconds kLookForStopEvery{50};
}

Producer::Producer(std::shared_ptr<const providers::DataProvider> provider,
                   std::shared_ptr<queue::ProducerEnd> end, std::uint32_t threads,
                   telemetry::Registry& registry)
    : provider_(std::move(provider)),
      end_(std::move(end)),
      metrics_(registry),
      bytes_per_sample_(provider_->meta().schema.bytes_per_sample()) {
  for (std::uint32_t i = 0; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

Producer::~Producer() {
  stopping_ = true;
  for (std::thread& worker : workers_) worker.join();
}

void Producer::check() const {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

std::optional<proto::Batch> Producer::fill(const queue::LeasedRange& order) try {
  const telemetry::ScopedTimer filling(metrics_.fill_seconds);
  return providers::fill_batch(*provider_, order.range);
} catch (const std::exception& error) {
  metrics_.failures.add();
  end_->fail(order, error.what());
  return std::nullopt;
}

void Producer::work() {
  try {
    while (!stopping_) {
      if (const std::optional<queue::LeasedRange> order = end_->next(kLookForStopEvery)) {
        carry_out(*order);
      }
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

void Producer::carry_out(const queue::LeasedRange& order) {
  const telemetry::ScopedIncrement at_hand(metrics_.leases_open);
  const auto batch = fill(order);
  if (!batch) return;
  if (deliver(order, *batch)) count(order);
}

bool Producer::deliver(const queue::LeasedRange& order, const proto::Batch& batch) try {
  const telemetry::ScopedTimer delivering(metrics_.deliver_seconds);
  end_->deliver(order, batch);
  return true;
} catch (const queue::NotStored&) {
  return false;  // the end says why, and hands the order out again
}

void Producer::count(const queue::LeasedRange& order) {
  const std::uint32_t samples = order.range.count;
  metrics_.samples[order.range.split].add(samples);
  metrics_.bytes[order.range.split].add(static_cast<double>(samples * bytes_per_sample_));
  samples_ += samples;
  if (order.range.split == proto::Split::kTrain) train_samples_ += samples;
}

}  // namespace millrace::producer
