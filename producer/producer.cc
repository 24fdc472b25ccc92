#include "producer/producer.h"

#include <exception>
#include <utility>

namespace millrace::producer {
namespace {
constexpr queue::Milliseconds kLookForStopEvery{50};
}

Producer::Producer(std::shared_ptr<const providers::DataProvider> provider, std::shared_ptr<queue::ProducerEnd> end,
                   std::uint32_t threads)
    : provider_(std::move(provider)), end_(std::move(end)) {
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

std::optional<proto::Batch> Producer::fill(const queue::Order& order) try {
  return providers::fill_batch(*provider_, order.range);
} catch (const std::exception& error) {
  end_->fail(order, error.what());
  return std::nullopt;
}

void Producer::work() {
  try {
    while (!stopping_) {
      const std::optional<queue::Order> order = end_->next(kLookForStopEvery);
      if (!order) continue;
      const auto batch = fill(*order);
      if (!batch) continue;
      end_->deliver(*order, *batch);
      samples_ += order->range.count;
      if (order->range.split == proto::Split::kTrain) train_samples_ += order->range.count;
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

}  // namespace millrace::producer
