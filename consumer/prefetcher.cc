// A BatchSource over any transport (prefetcher.h).
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

#include "config/app/stop.h"
#include "consumer/prefetch_window.h"
#include "telemetry/scoped_timer.h"
#include "telemetry/stream_metrics.h"
#include "telemetry/wait_attribution.h"

namespace millrace::consumer {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using telemetry::seconds_since;

constexpr milliseconds kReceiveFor{20};
/// A wait is attributed to its cause in pieces of this length, because the cause may change.
constexpr milliseconds kWaitSlice{100};
constexpr std::chrono::seconds kLogWaitAfter{3};
constexpr std::chrono::seconds kLogWaitAgainAfter{30};

bool overlap(const proto::Range& a, const proto::Range& b) {
  return a.split == b.split && a.first < b.end() && b.first < a.end();
}

class Prefetcher final : public BatchSource {
 public:
  Prefetcher(std::unique_ptr<queue::ConsumerEnd> end, const proto::StreamMeta& meta,
             const PrefetchPlan& plan, telemetry::Registry& registry)
      : end_(std::move(end)),
        meta_(meta),
        released_(plan.cursor),
        metrics_(registry),
        attribution_(metrics_.wait_seconds),
        window_(meta, plan, end_->range_samples()),
        new_stage_log_(plan.stage_log),
        thread_([this] { run(); }) {}

  ~Prefetcher() override {
    stopping_ = true;
    thread_.join();
  }

  const proto::StreamMeta& meta() const override { return meta_; }

  std::optional<proto::Batch> get(proto::Split split, std::uint64_t first, std::uint32_t count,
                                  milliseconds timeout) override {
    if (first + count > meta_.size(split)) {
      throw std::runtime_error("the stream's " + std::string(proto::to_string(split)) +
                               " split ends at " + std::to_string(meta_.size(split)) + " samples");
    }
    const auto start = Clock::now();
    std::unique_lock lock(mutex_);
    if (!waiting_) metrics_.gets.add();
    for (auto now = start;; now = Clock::now()) {
      if (failure_) std::rethrow_exception(failure_);
      if (auto batch = window_.get(split, first, count)) {
        if (!waiting_) metrics_.gets_ready.add();
        attribution_.waited(telemetry::WaitCause::kConsumer, seconds_since(now));
        end_wait();
        return batch;
      }
      note_wait(now, {split, first, count, {}});
      if (now - start >= timeout || config::stop_requested()) return std::nullopt;
      const queue::WaitState state = end_->state();
      arrived_.wait_until(lock, std::min(start + timeout, now + kWaitSlice));
      attribution_.waited(state.cause, seconds_since(now));
    }
  }

  void advance(std::uint64_t cursor) override {
    const std::lock_guard lock(mutex_);
    window_.advance(cursor);
  }

  void set_stage_log(const proto::StageLog& log) override {
    const std::lock_guard lock(mutex_);
    window_.set_stage_log(log);
    new_stage_log_ = log;
  }

  std::string state() const override { return end_->state().words; }

 private:
  /// Changes to pass on to the transport's end.
  struct Update {
    std::optional<proto::StageLog> stage_log;  ///< if it has changed
    std::vector<proto::Range> missing;
    std::uint64_t used_below = 0;
  };

  /// The thread's work.
  void run() {
    try {
      while (!stopping_) {
        apply(take_update());
        if (auto batch = end_->receive(kReceiveFor)) put(*batch);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      arrived_.notify_all();
    }
  }

  Update take_update() {
    const std::lock_guard lock(mutex_);
    return {std::exchange(new_stage_log_, std::nullopt), window_.missing(), window_.used_below()};
  }

  void apply(const Update& update) {
    if (update.stage_log) end_->set_stage_log(*update.stage_log);
    if (std::exchange(released_, update.used_below) != update.used_below) {
      end_->release(proto::Split::kTrain, update.used_below);
    }
    for (const proto::Range& range : update.missing) end_->request(range);
  }

  void put(const proto::Batch& batch) {
    {
      const std::lock_guard lock(mutex_);
      window_.put(batch);
      if (waiting_ && overlap(batch.range, waiting_->range)) {
        waiting_->link_seconds = end_->link_seconds();
      }
      count(batch);
    }
    arrived_.notify_all();
  }

  void count(const proto::Batch& batch) {
    metrics_.samples[batch.range.split].add(batch.range.count);
    for (const proto::SharedBytes& column : batch.columns) {
      metrics_.bytes[batch.range.split].add(static_cast<double>(column.bytes.size()));
    }
    metrics_.window_samples.set(static_cast<double>(window_.window()));
    metrics_.held_samples.set(static_cast<double>(window_.held()));
  }

  void note_wait(Clock::time_point now, const proto::Range& range) {
    if (!waiting_) waiting_ = Waiting{.range = {}, .since = now, .logged = {}, .link_seconds = 0.0};
    waiting_->range = range;
    if (now - waiting_->since < kLogWaitAfter ||
        (waiting_->logged && now - *waiting_->logged < kLogWaitAgainAfter)) {
      return;
    }
    waiting_->logged = now;
    spdlog::info("waiting for {} sample {}: {}", proto::to_string(range.split), range.first,
                 state());
  }

  void end_wait() {
    if (!waiting_) return;
    attribution_.arrived(waiting_->link_seconds);
    if (waiting_->logged) spdlog::info("data again after {:.0f} s", seconds_since(waiting_->since));
    waiting_.reset();
  }

  /// Samples that the trainer waits for.
  struct Waiting {
    proto::Range range;
    Clock::time_point since;
    std::optional<Clock::time_point> logged;  ///< when it was logged last
    double link_seconds;                      ///< of the range that came last
  };

  std::unique_ptr<queue::ConsumerEnd> end_;
  const proto::StreamMeta meta_;
  std::uint64_t released_;  ///< the cursor that the end knows; used by the thread only

  std::mutex mutex_;  // guards all that follows
  telemetry::ConsumerMetrics metrics_;
  telemetry::WaitAttribution attribution_;
  std::condition_variable arrived_;
  PrefetchWindow window_;
  std::optional<proto::StageLog> new_stage_log_;  ///< that the end does not know yet
  std::exception_ptr failure_;
  std::optional<Waiting> waiting_;

  std::atomic<bool> stopping_{false};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<BatchSource> make_prefetcher(std::unique_ptr<queue::ConsumerEnd> end,
                                             const proto::StreamMeta& meta,
                                             const PrefetchPlan& plan,
                                             telemetry::Registry& registry) {
  return std::make_unique<Prefetcher>(std::move(end), meta, plan, registry);
}

}  // namespace millrace::consumer
