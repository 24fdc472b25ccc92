// Worker threads of a producer (producer.h).
#include "producer/producer.h"

#include <exception>
#include <utility>

#include "telemetry/scoped_timer.h"

namespace millrace::producer {
namespace {

constexpr queue::Milliseconds kCheckForStopEvery{50};

}  // namespace

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

std::optional<proto::Batch> Producer::fill(const queue::LeasedRange& leased) try {
  const telemetry::ScopedTimer filling(metrics_.fill_seconds);
  return providers::fill_batch(*provider_, leased.range);
} catch (const providers::StreamChanged& error) {
  metrics_.failures.add();
  end_->fail(leased, error.what());
  throw;
} catch (const std::exception& error) {
  metrics_.failures.add();
  end_->fail(leased, error.what());
  return std::nullopt;
}

void Producer::work() {
  try {
    while (!stopping_) {
      if (const auto leased = end_->next(kCheckForStopEvery)) process(*leased);
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

void Producer::process(const queue::LeasedRange& leased) {
  const telemetry::ScopedIncrement working(metrics_.leases_open);
  const auto batch = fill(leased);
  if (batch && deliver(leased, *batch)) count(leased);
}

bool Producer::deliver(const queue::LeasedRange& leased, const proto::Batch& batch) try {
  const telemetry::ScopedTimer delivering(metrics_.deliver_seconds);
  end_->deliver(leased, batch);
  return true;
} catch (const queue::NotStored&) {
  return false;  // the end logs why, and leases the range again
}

void Producer::count(const queue::LeasedRange& leased) {
  const std::uint32_t samples = leased.range.count;
  metrics_.samples[leased.range.split].add(samples);
  metrics_.bytes[leased.range.split].add(static_cast<double>(samples * bytes_per_sample_));
  samples_ += samples;
  if (leased.range.split == proto::Split::kTrain) train_samples_ += samples;
}

}  // namespace millrace::producer
