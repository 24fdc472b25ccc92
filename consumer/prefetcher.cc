#include "consumer/prefetcher.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "config/stop.h"
#include "consumer/supply.h"

namespace millrace::consumer {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTakeFor{20};
constexpr std::chrono::seconds kSayAfter{3};
constexpr std::chrono::seconds kSayAgainAfter{30};

class Prefetcher final : public BatchSource {
 public:
  Prefetcher(std::unique_ptr<queue::ConsumerEnd> end, const proto::StreamMeta& meta, const PrefetchPlan& plan)
      : end_(std::move(end)),
        meta_(meta),
        released_(plan.cursor),
        supply_(meta, plan, end_->range_samples()),
        log_to_tell_(plan.stage_log),
        thread_([this] { run(); }) {}

  ~Prefetcher() override {
    stopping_ = true;
    thread_.join();
  }

  const proto::StreamMeta& meta() const override { return meta_; }

  std::optional<proto::Batch> get(proto::Split split, std::uint64_t first, std::uint32_t count, milliseconds timeout) override {
    if (first + count > meta_.size(split)) {
      throw std::runtime_error("the stream's " + std::string(proto::to_string(split)) + " split ends at " +
                               std::to_string(meta_.size(split)) + " samples");
    }
    std::unique_lock lock(mutex_);
    const auto deadline = Clock::now() + timeout;
    for (;;) {
      if (failure_) std::rethrow_exception(failure_);
      if (auto batch = supply_.get(split, first, count)) {
        tell_end_of_wait();
        return batch;
      }
      const auto now = Clock::now();
      tell_wait(now, split, first);
      if (now >= deadline || config::stop_requested()) return std::nullopt;
      arrived_.wait_until(lock, std::min(deadline, now + milliseconds(100)));
    }
  }

  void advance(std::uint64_t cursor) override {
    const std::lock_guard lock(mutex_);
    supply_.advance(cursor);
  }

  void follow(const proto::StageLog& log) override {
    const std::lock_guard lock(mutex_);
    supply_.follow(log);
    log_to_tell_ = log;
  }

 private:
  /// What the transport's end is to be told.
  struct News {
    std::optional<proto::StageLog> stage_log;
    std::vector<proto::Range> missing;
    std::uint64_t used_below = 0;
  };

  /// The thread.
  void run() {
    try {
      while (!stopping_) {
        tell(take_news());
        if (auto batch = end_->take(kTakeFor)) put(*batch);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      arrived_.notify_all();
    }
  }

  News take_news() {
    const std::lock_guard lock(mutex_);
    return {std::exchange(log_to_tell_, std::nullopt), supply_.missing(), supply_.used_below()};
  }

  void tell(const News& news) {
    if (news.stage_log) end_->follow(*news.stage_log);
    if (std::exchange(released_, news.used_below) != news.used_below) end_->release(proto::Split::kTrain, news.used_below);
    for (const proto::Range& range : news.missing) end_->want(range);
  }

  void put(const proto::Batch& batch) {
    {
      const std::lock_guard lock(mutex_);
      supply_.put(batch);
    }
    arrived_.notify_all();
  }

  void tell_wait(Clock::time_point now, proto::Split split, std::uint64_t first) {
    if (!waiting_since_) waiting_since_ = now;
    if (now - *waiting_since_ < kSayAfter || (said_ && now - *said_ < kSayAgainAfter)) return;
    said_ = now;
    const std::string why = end_->state();
    spdlog::info("waiting for {} sample {}: {}", proto::to_string(split), first, why.empty() ? "producers are at work on it" : why);
  }

  void tell_end_of_wait() {
    if (said_)
      spdlog::info("data again after {} s",
                   std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - *waiting_since_).count());
    waiting_since_.reset();
    said_.reset();
  }

  std::unique_ptr<queue::ConsumerEnd> end_;
  const proto::StreamMeta meta_;
  std::uint64_t released_;  ///< the cursor that the end knows; the thread's own

  std::mutex mutex_;  // all that follows
  std::condition_variable arrived_;
  Supply supply_;
  std::optional<proto::StageLog> log_to_tell_;
  std::exception_ptr failure_;
  std::optional<Clock::time_point> waiting_since_;
  std::optional<Clock::time_point> said_;

  std::atomic<bool> stopping_{false};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<BatchSource> make_prefetcher(std::unique_ptr<queue::ConsumerEnd> end, const proto::StreamMeta& meta,
                                             const PrefetchPlan& plan) {
  return std::make_unique<Prefetcher>(std::move(end), meta, plan);
}

}  // namespace millrace::consumer
