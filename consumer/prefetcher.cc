#include "consumer/prefetcher.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
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
#include "consumer/shelf.h"

namespace millrace::consumer {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTakeFor{20};
constexpr std::chrono::seconds kSayAfter{3};
constexpr std::chrono::seconds kSayAgainAfter{30};
/// Val samples of every evaluation are the same: they are kept where they are few.
constexpr std::uint64_t kKeepValBytes = std::uint64_t{64} << 20;

class Prefetcher final : public BatchSource {
 public:
  Prefetcher(std::unique_ptr<queue::ConsumerEnd> end, const proto::StreamMeta& meta, const PrefetchPlan& plan)
      : end_(std::move(end)),
        meta_(meta),
        plan_(plan),
        range_samples_(end_->range_samples()),
        shelves_{Shelf(meta.schema), Shelf(meta.schema), Shelf(meta.schema)},
        step_(plan.cursor),
        position_(plan.cursor),
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
    ask_from(split, first);
    const auto deadline = Clock::now() + timeout;
    for (;;) {
      if (failure_) std::rethrow_exception(failure_);
      if (auto batch = shelf(split).get(first, count)) {
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
    step_ = cursor;
    position_ = std::max(position_, cursor);
    shelf(proto::Split::kTrain).drop_below(cursor);
  }

 private:
  Shelf& shelf(proto::Split split) { return shelves_[static_cast<std::size_t>(split)]; }

  /// The thread.
  void run() {
    try {
      std::uint64_t released = plan_.cursor;
      while (!stopping_) {
        for (const proto::Range& range : missing()) end_->want(range);
        if (auto batch = end_->take(kTakeFor)) put(*batch);
        const std::uint64_t cursor = used_below();
        if (std::exchange(released, cursor) != cursor) end_->release(proto::Split::kTrain, cursor);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      arrived_.notify_all();
    }
  }

  std::uint64_t used_below() {
    const std::lock_guard lock(mutex_);
    return step_;
  }

  void put(const proto::Batch& batch) {
    {
      const std::lock_guard lock(mutex_);
      shelf(batch.range.split).put(batch);
    }
    arrived_.notify_all();
  }

  /// What is neither on a shelf nor behind the trainer.
  std::vector<proto::Range> missing() {
    const std::lock_guard lock(mutex_);
    std::vector<proto::Range> ranges;
    add_missing(proto::Split::kVal, val_from_, std::min(val_end(), val_from_ + window()), ranges);
    // This rank's share of every step in the window: shares of one step are contiguous, and steps follow each other.
    const std::uint32_t global = plan_.deal.global_batch();
    for (std::uint64_t step = step_; step < position_ + window(); step += global) {
      const Slice mine = share(plan_.deal, step, global);
      add_missing(proto::Split::kTrain, mine.first, mine.first + mine.count, ranges);
    }
    return ranges;
  }

  void add_missing(proto::Split split, std::uint64_t from, std::uint64_t until, std::vector<proto::Range>& ranges) {
    for (std::uint64_t first = from / range_samples_ * range_samples_; first < until; first += range_samples_) {
      if (shelf(split).has(first)) continue;
      const std::uint64_t count = std::min<std::uint64_t>(range_samples_, meta_.size(split) - first);
      ranges.push_back({split, first, static_cast<std::uint32_t>(count), std::nullopt});
    }
  }

  std::uint64_t window() const {
    return std::max<std::uint64_t>(plan_.train_window.samples_of(meta_.schema), 2 * std::uint64_t{range_samples_});
  }

  std::uint64_t val_end() const { return asked_val_ ? std::min(plan_.eval_samples, meta_.size(proto::Split::kVal)) : 0; }

  void ask_from(proto::Split split, std::uint64_t first) {
    if (split == proto::Split::kTrain) {
      position_ = std::max(position_, first);
      return;
    }
    asked_val_ = true;
    val_from_ = first;
    if (plan_.eval_samples * meta_.schema.bytes_per_sample() > kKeepValBytes) shelf(split).drop_below(first);
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
  const PrefetchPlan plan_;
  const std::uint32_t range_samples_;

  std::mutex mutex_;  // all that follows
  std::condition_variable arrived_;
  std::array<Shelf, proto::kSplitCount> shelves_;
  std::uint64_t step_;      ///< first sample of the step at work
  std::uint64_t position_;  ///< first sample that the trainer has asked for last
  bool asked_val_ = false;
  std::uint64_t val_from_ = 0;
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
