// A BatchSource over transports that reorder, repeat, are late, and fail.
#include "consumer/prefetcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>

#include "queue/ends/range_order.h"
#include "telemetry/stream_metrics.h"
#include "telemetry/wait_attribution.h"
#include "tests/support/sample_stream.h"

namespace millrace::consumer {
namespace {

using namespace std::chrono_literals;
using proto::Range;
using proto::Split;
using queue::Milliseconds;

constexpr std::uint32_t kRange = 8;

/// The calls that the fake transport got.
struct Log {
  std::mutex mutex;
  std::set<Range, queue::Sooner> wanted;
  std::uint64_t released = 0;
};

/// A transport that answers in a random order, and some ranges twice.
class ShuffledEnd final : public queue::ConsumerEnd {
 public:
  explicit ShuffledEnd(std::shared_ptr<Log> log) : log_(std::move(log)) {}
  std::optional<proto::StreamMeta> wait_for_stream(Milliseconds) override {
    return testing::sample_meta();
  }
  std::uint32_t range_samples() const override { return kRange; }
  void request(const Range& range) override {
    const std::lock_guard lock(log_->mutex);
    log_->wanted.insert(range);
    pending_.insert(range);
  }
  std::optional<proto::Batch> receive(Milliseconds) override {
    if (pending_.empty()) return std::nullopt;
    const auto pick =
        std::next(pending_.begin(), static_cast<std::ptrdiff_t>(random_() % pending_.size()));
    const proto::Batch batch = testing::sample_batch(*pick);
    if (random_() % 4 != 0) pending_.erase(pick);
    return batch;
  }
  void release(Split, std::uint64_t cursor) override {
    const std::lock_guard lock(log_->mutex);
    log_->released = cursor;
  }
  void set_stage_log(const proto::StageLog&) override {}
  queue::WaitState state() const override { return {}; }

 private:
  std::shared_ptr<Log> log_;
  std::set<Range, queue::Sooner> pending_;
  std::mt19937 random_{1};
};

/// Answers once `open` is true; all the time from lease to answer was the link's.
class LateEnd final : public queue::ConsumerEnd {
 public:
  explicit LateEnd(const std::atomic<bool>& open) : open_(open) {}
  std::optional<proto::StreamMeta> wait_for_stream(Milliseconds) override {
    return testing::sample_meta();
  }
  std::uint32_t range_samples() const override { return kRange; }
  void request(const Range& range) override { pending_.insert(range); }
  std::optional<proto::Batch> receive(Milliseconds) override {
    if (!open_ || pending_.empty()) return std::nullopt;
    return testing::sample_batch(pending_.extract(pending_.begin()).value());
  }
  double link_seconds() const override { return 1e6; }
  void release(Split, std::uint64_t) override {}
  void set_stage_log(const proto::StageLog&) override {}
  queue::WaitState state() const override { return {telemetry::WaitCause::kProvider, "at work"}; }

 private:
  const std::atomic<bool>& open_;
  std::set<Range, queue::Sooner> pending_;
};

class BrokenEnd final : public queue::ConsumerEnd {
 public:
  std::optional<proto::StreamMeta> wait_for_stream(Milliseconds) override {
    return testing::sample_meta();
  }
  std::uint32_t range_samples() const override { return kRange; }
  void request(const Range&) override {}
  std::optional<proto::Batch> receive(Milliseconds) override {
    throw std::runtime_error("no producer can make it");
  }
  void release(Split, std::uint64_t) override {}
  void set_stage_log(const proto::StageLog&) override {}
  queue::WaitState state() const override { return {}; }
};

class PrefetcherTest : public ::testing::Test {
 protected:
  std::unique_ptr<BatchSource> source(const BatchSharding& sharding, std::uint64_t cursor = 0,
                                      std::uint64_t window = 64) {
    return make_prefetcher(
        std::make_unique<ShuffledEnd>(log_), testing::sample_meta(),
        {sharding, cursor, 100, {.samples = window, .at_least = 2 * sharding.global_batch()}});
  }
  static void expect(BatchSource& source, Split split, std::uint64_t first, std::uint32_t count) {
    const auto batch = source.get(split, first, count, 20s);
    ASSERT_TRUE(batch.has_value());
    EXPECT_TRUE(testing::same_bytes(*batch, testing::sample_batch({split, first, count, {}})));
  }

  std::shared_ptr<Log> log_ = std::make_shared<Log>();
};

TEST_F(PrefetcherTest, DeliversTheFunctionInOrderWhateverTheTransportDoes) {
  const BatchSharding sharding{5, 3, 0, 1};
  const auto stream = source(sharding, 30);
  for (std::uint64_t cursor = 30; cursor < 600; cursor += sharding.global_batch()) {
    for (const Slice& piece : micro_batches(sharding, cursor)) {
      expect(*stream, Split::kTrain, piece.first, piece.count);
    }
    stream->advance(cursor + sharding.global_batch());
  }
}

TEST_F(PrefetcherTest, ValIsTheSameAtEveryEvaluation) {
  const auto stream = source({4, 1, 0, 1});
  for (int evaluation = 0; evaluation < 3; ++evaluation) {
    for (std::uint64_t first = 0; first < 100; first += 10) expect(*stream, Split::kVal, first, 10);
    expect(*stream, Split::kTrain, static_cast<std::uint64_t>(evaluation) * 4, 4);
  }
}

TEST_F(PrefetcherTest, AsksForNoMoreThanItsWindow) {
  const auto stream = source({4, 1, 0, 1}, 0, 32);
  for (std::uint64_t cursor = 0; cursor < 80; cursor += 4) {
    expect(*stream, Split::kTrain, cursor, 4);
    stream->advance(cursor + 4);
    const std::lock_guard lock(log_->mutex);
    EXPECT_LT(log_->wanted.rbegin()->first, cursor + 4 + 32 + kRange);
  }
}

TEST_F(PrefetcherTest, ARankAsksOnlyForRangesOfItsOwnShare) {
  const BatchSharding second{32, 1, 1, 2};  // samples [16, 32) of every 32
  const auto stream = source(second, 0, 128);
  for (std::uint64_t cursor = 0; cursor < 320; cursor += 32) {
    expect(*stream, Split::kTrain, cursor + 16, 16);
    stream->advance(cursor + 32);
  }
  const std::lock_guard lock(log_->mutex);
  for (const Range& range : log_->wanted) EXPECT_GE(range.first % 32, 16U);
}

TEST_F(PrefetcherTest, ReportsUsedSamplesToTheTransport) {
  const auto stream = source({4, 1, 0, 1});
  expect(*stream, Split::kTrain, 0, 4);
  stream->advance(4);
  for (int i = 0; i < 500; ++i) {
    {
      const std::lock_guard lock(log_->mutex);
      if (log_->released == 4) return;
    }
    std::this_thread::sleep_for(10ms);
  }
  FAIL() << "release was not called";
}

TEST_F(PrefetcherTest, SamplesThatAreNotHereYetAreNoError) {
  class Silent final : public queue::ConsumerEnd {
    std::optional<proto::StreamMeta> wait_for_stream(Milliseconds) override {
      return testing::sample_meta();
    }
    std::uint32_t range_samples() const override { return kRange; }
    void request(const Range&) override {}
    std::optional<proto::Batch> receive(Milliseconds timeout) override {
      std::this_thread::sleep_for(timeout);
      return std::nullopt;
    }
    void release(Split, std::uint64_t) override {}
    void set_stage_log(const proto::StageLog&) override {}
    queue::WaitState state() const override {
      return {telemetry::WaitCause::kNoProducer, "nobody is there"};
    }
  };
  const auto stream = make_prefetcher(std::make_unique<Silent>(), testing::sample_meta(), {});
  EXPECT_EQ(stream->get(Split::kTrain, 0, 1, 30ms), std::nullopt);
}

TEST_F(PrefetcherTest, ATransportsErrorReachesTheTrainer) {
  const auto stream = make_prefetcher(std::make_unique<BrokenEnd>(), testing::sample_meta(), {});
  EXPECT_THROW((void)stream->get(Split::kTrain, 0, 1, 20s), std::runtime_error);
}

TEST_F(PrefetcherTest, CountsAWaitOnceAndAttributesIt) {
  std::atomic<bool> open = false;
  telemetry::Registry registry;
  const telemetry::ConsumerMetrics metrics(registry);
  const auto stream =
      make_prefetcher(std::make_unique<LateEnd>(open), testing::sample_meta(),
                      {.sharding = {4, 1, 0, 1}, .train_window = {64, 1 << 20, 8}}, registry);
  EXPECT_FALSE(stream->get(Split::kTrain, 0, 4, 30ms).has_value());
  open = true;
  expect(*stream, Split::kTrain, 0, 4);
  EXPECT_EQ(metrics.gets.value(), 1.0);
  EXPECT_EQ(metrics.gets_ready.value(), 0.0);
  const auto attributed = [&](telemetry::WaitCause cause) {
    return metrics.wait_seconds[static_cast<std::size_t>(cause)].get().value();
  };
  EXPECT_GE(attributed(telemetry::WaitCause::kLink), 0.03);
  EXPECT_EQ(attributed(telemetry::WaitCause::kProvider), 0.0);
  expect(*stream, Split::kTrain, 0, 4);
  EXPECT_EQ(metrics.gets.value(), 2.0);
  EXPECT_EQ(metrics.gets_ready.value(), 1.0);
}

TEST_F(PrefetcherTest, BeyondTheEndOfASplitIsAnError) {
  const auto stream = source({4, 1, 0, 1});
  EXPECT_THROW((void)stream->get(Split::kVal, 99, 2, 1s), std::runtime_error);
}

}  // namespace
}  // namespace millrace::consumer
