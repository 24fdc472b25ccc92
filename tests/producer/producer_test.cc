// A producer inside the trainer, and opening the queue of a recipe.
#include "producer/producer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <set>
#include <stdexcept>
#include <thread>

#include "config/errors.h"
#include "endpoint/expectation.h"
#include "producer/inproc.h"
#include "producer/open_ends.h"
#include "tests/support/messages.h"
#include "tests/support/sample_expectation.h"
#include "tests/support/sample_provider.h"

namespace millrace::producer {
namespace {

using namespace std::chrono_literals;
using testing::sample_meta;

class RaisingProvider final : public providers::DataProvider {
 public:
  const proto::StreamMeta& meta() const override { return meta_; }
  void fill(const proto::Range&, proto::BatchView) const override {
    throw std::runtime_error("sample 3 cannot be made");
  }

 private:
  proto::StreamMeta meta_ = sample_meta();
};

TEST(InprocProducer, SeveralThreadsFillRequestedRanges) {
  const Stream stream{std::make_shared<testing::SampleProvider>(), sample_meta()};
  const auto end = make_inproc_producer(stream, testing::sample_expectation(), 3, 16);
  std::set<std::uint64_t> open;
  for (std::uint64_t k = 0; k < 50; ++k) {
    end->request({proto::Split::kTrain, k * 16, 16, {}});
    open.insert(k * 16);
  }
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!open.empty() && std::chrono::steady_clock::now() < deadline) {
    const auto batch = end->receive(50ms);
    if (!batch) continue;
    EXPECT_TRUE(testing::same_bytes(*batch, testing::sample_batch(batch->range)));
    EXPECT_EQ(open.erase(batch->range.first), 1U);
  }
  EXPECT_TRUE(open.empty());
}

TEST(InprocProducer, CountsWhatItDelivers) {
  const Stream stream{std::make_shared<testing::SampleProvider>(), sample_meta()};
  telemetry::Registry registry;
  const telemetry::ProducerMetrics metrics(registry);
  {
    const auto end = make_inproc_producer(stream, testing::sample_expectation(), 2, 16, registry);
    end->request({proto::Split::kTrain, 0, 16, {}});
    end->request({proto::Split::kTrain, 16, 16, {}});
    end->request({proto::Split::kVal, 0, 16, {}});
    for (int taken = 0; taken < 3;) taken += end->receive(50ms) ? 1 : 0;
  }
  EXPECT_EQ(metrics.samples[proto::Split::kTrain].value(), 32.0);
  EXPECT_EQ(metrics.samples[proto::Split::kVal].value(), 16.0);
  EXPECT_EQ(metrics.bytes[proto::Split::kVal].value(),
            16.0 * static_cast<double>(sample_meta().schema.bytes_per_sample()));
  EXPECT_GT(metrics.fill_seconds.value(), 0.0);
  EXPECT_GT(metrics.deliver_seconds.value(), 0.0);
  EXPECT_EQ(metrics.leases_open.value(), 0.0);
}

TEST(InprocProducer, AProvidersErrorReachesTheTrainer) {
  const Stream stream{std::make_shared<RaisingProvider>(), sample_meta()};
  const auto end = make_inproc_producer(stream, testing::sample_expectation(), 1, 16);
  end->request({proto::Split::kTrain, 0, 16, {}});
  const auto wait_for_error = [&] {
    for (int i = 0; i < 400; ++i) (void)end->receive(50ms);
  };
  EXPECT_THROW(wait_for_error(), std::runtime_error);
}

/// Its sample 3 has a token beyond the vocabulary.
class WrongProvider final : public providers::DataProvider {
 public:
  const proto::StreamMeta& meta() const override { return meta_; }
  void fill(const proto::Range& range, proto::BatchView out) const override {
    testing::fill_sample(range, out);
    if (range.first <= 3) out.values<std::uint8_t>(0)[(3 - range.first) * 5] = 200;
  }

 private:
  proto::StreamMeta meta_ = sample_meta();
};

TEST(InprocProducer, AValueThatTheMetaDoesNotAllowIsAnErrorThatNamesTheProvider) {
  const Stream stream{std::make_shared<WrongProvider>(), sample_meta()};
  const auto end = make_inproc_producer(stream, testing::sample_expectation(), 1, 16);
  end->request({proto::Split::kTrain, 0, 16, {}});
  const std::string error = testing::message_of<std::runtime_error>([&] {
    for (int i = 0; i < 400; ++i) (void)end->receive(50ms);
  });
  EXPECT_TRUE(testing::contains(error, "provider sample"));
  EXPECT_TRUE(testing::contains(error, "x of train sample 3 is 200: tokens are below 64"));
}

/// The files of this one were written.
class ChangedProvider final : public providers::DataProvider {
 public:
  const proto::StreamMeta& meta() const override { return meta_; }
  void fill(const proto::Range&, proto::BatchView) const override {
    throw providers::StreamChanged("t.txt: it was written");
  }

 private:
  proto::StreamMeta meta_ = sample_meta();
};

/// Leases one range again and again; failures are told to the trainer, as over tcp.
class TellingEnd final : public queue::ProducerEnd {
 public:
  std::optional<queue::LeasedRange> next(queue::Milliseconds) override {
    return queue::LeasedRange{.range = {proto::Split::kTrain, 0, 16, {}}};
  }
  void deliver(const queue::LeasedRange&, const proto::Batch&) override {}
  void fail(const queue::LeasedRange&, const std::string&) override { ++told; }
  bool complete() const override { return false; }
  std::string state() const override { return ""; }

  std::atomic<int> told = 0;
};

TEST(Producer, EndsWhereItsStreamChanged) {
  const auto end = std::make_shared<TellingEnd>();
  const Producer producer(std::make_shared<ChangedProvider>(), end, 1);
  const auto said = [&] {
    return testing::message_of<providers::StreamChanged>([&] { producer.check(); });
  };
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (said() != "t.txt: it was written" && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(said(), "t.txt: it was written");
  EXPECT_EQ(end->told, 1) << "no range is tried again";
}

TEST(Producer, GoesOnWhereASampleCannotBeMade) {
  const auto end = std::make_shared<TellingEnd>();
  const Producer producer(std::make_shared<RaisingProvider>(), end, 1);
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (end->told < 3 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_GE(end->told, 3);
  EXPECT_NO_THROW(producer.check());
}

TEST(InprocProducer, AnUnexpectedStreamIsRefused) {
  const Stream stream{std::make_shared<testing::SampleProvider>(), sample_meta()};
  queue::Expectation other = testing::sample_expectation();
  other.settings["block_size"] = "9";
  EXPECT_THROW((void)make_inproc_producer(stream, other, 1, 16), std::runtime_error);
}

TEST(OpenConsumerEnd, HasTheRecipesProducerInsideOverInproc) {
  config::Options options;
  options.provider.name = "synthetic";
  options.provider.block_size = 16;
  options.queue.uri = "inproc://";
  const auto end =
      open_consumer_end(options, endpoint::expectation(options), {.run_id = "00000000000000ff"});
  const auto meta = end->wait_for_stream(0ms);
  ASSERT_TRUE(meta.has_value());
  EXPECT_EQ(meta->provider, "synthetic");
  const proto::Range range{proto::Split::kTrain, 0, end->range_samples(), {}};
  end->request(range);
  const auto batch = end->receive(20s);
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->range, range);
}

TEST(OpenEnds, SettingsThatCannotBeUsedAreWrongUsage) {
  using testing::contains, testing::message_of;
  config::Options options;
  const auto producers = [&] {
    return message_of<config::UsageError>(
        [&] { (void)open_producer_end(options, sample_meta(), {}); });
  };
  const auto trainers = [&] {
    return message_of<config::UsageError>(
        [&] { (void)open_consumer_end(options, {}, {.run_id = "00000000000000ff"}); });
  };
  options.queue.uri = "tcp://127.0.0.1";
  EXPECT_TRUE(contains(producers(), "has no HOST:PORT"));
  EXPECT_TRUE(contains(trainers(), "has no HOST:PORT"));
  options.queue.uri = "tcp://127.0.0.1:5555";
  options.queue.key_file = "none";  // and no key of the other side
  EXPECT_TRUE(contains(producers(), "needs queue.server_key"));
  EXPECT_TRUE(contains(trainers(), "needs queue.allowed_keys"));
  options.queue.key_file.clear();
  options.queue.uri = "file://queue";
  options.queue.audit = 0.5;
  EXPECT_TRUE(contains(trainers(), "queue.audit"));
}

TEST(OpenConsumerEnd, ARecipesDefaultLatenessIsTheProtocols) {
  EXPECT_EQ(std::chrono::milliseconds(std::llround(config::QueueOptions{}.late_s * 1000)),
            queue::kLateAfter);
}

}  // namespace
}  // namespace millrace::producer
