// The contract of the two ends, run over every transport: what is wanted arrives, once and bit for
// bit, from one producer or several.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "proto/chunk_file.h"
#include "queue/inproc.h"
#include "queue/transports.h"
#include "tests/support/free_address.h"
#include "tests/support/key_pairs.h"
#include "tests/support/sample_stream.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/worker.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;
using testing::sample_meta;

constexpr auto kLongEnough = 20s;

Expectation expected() { return {"sample", 7, sample_meta().settings, {}}; }

class Transport : public ::testing::TestWithParam<std::string> {
 protected:
  Transport() {
    if (GetParam().ends_with("_keys")) sides_ = testing::new_keyed_sides();
  }

  void open(int producers) {
    const Window window{.samples = 4096};
    if (GetParam() == "inproc") {
      InprocEnds ends = make_inproc(sample_meta(), expected(),
                                    leased_range_samples(sample_meta().schema, window));
      consumer_ = std::move(ends.consumer);
      for (int i = 0; i < producers; ++i) {
        workers_.push_back(std::make_unique<testing::Worker>(ends.producer));
      }
      return;
    }
    const Uri uri = parse_uri(address());
    consumer_ = open_consumer_end(
        uri, expected(),
        {.run_id = "run", .eval_samples = 100, .train_window = window, .security = sides_.trainer});
    for (int i = 0; i < producers; ++i) {
      const ProducerPlan plan{.capacity = 1, .ahead = {4096, 100, 0}, .security = sides_.producer};
      workers_.push_back(
          std::make_unique<testing::Worker>(open_producer_end(uri, sample_meta(), plan)));
    }
  }

  std::string address() const {
    if (GetParam() == "file") return "file://" + (folder_ / "queue").string();
    if (GetParam().starts_with("ipc")) return "ipc://" + (folder_ / "race.sock").string();
    return testing::free_tcp_address();
  }

  void wait_for_stream() {
    const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
    while (!meta_ && std::chrono::steady_clock::now() < deadline)
      meta_ = consumer_->wait_for_stream(50ms);
    ASSERT_EQ(meta_, sample_meta());
  }

  proto::Range unit(proto::Split split, std::uint64_t k) const {
    const std::uint64_t first = k * consumer_->range_samples();
    const std::uint64_t count =
        std::min<std::uint64_t>(consumer_->range_samples(), sample_meta().size(split) - first);
    return {split, first, static_cast<std::uint32_t>(count), {}};
  }

  /// Takes until every range has come, and checks each.
  void expect(std::vector<proto::Range> ranges) {
    std::map<std::uint64_t, int> arrived;
    const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
    while (arrived.size() < ranges.size() && std::chrono::steady_clock::now() < deadline) {
      const auto batch = consumer_->receive(50ms);
      if (!batch) continue;
      EXPECT_TRUE(testing::same_bytes(*batch, testing::sample_batch(batch->range)));
      ++arrived[batch->range.first];
    }
    for (const proto::Range& range : ranges) EXPECT_EQ(arrived[range.first], 1) << range.first;
  }

  testing::TemporaryFolder folder_;
  testing::KeyedSides sides_;
  std::unique_ptr<ConsumerEnd> consumer_;
  std::vector<std::unique_ptr<testing::Worker>> workers_;
  std::optional<proto::StreamMeta> meta_;
};

TEST_P(Transport, WhatIsWantedArrives) {
  for (const int producers : {1, 3}) {
    SCOPED_TRACE(producers);
    workers_.clear();
    consumer_.reset();
    meta_.reset();
    open(producers);
    wait_for_stream();
    std::vector<proto::Range> ranges;
    for (std::uint64_t k = 0; k < 2; ++k) ranges.push_back(unit(proto::Split::kTrain, k));
    for (const proto::Range& range : ranges) consumer_->request(range);
    for (const proto::Range& range : ranges) consumer_->request(range);  // twice is once
    expect(ranges);
  }
}

TEST_P(Transport, AFiniteSplitEndsWithAShorterRange) {
  open(1);
  wait_for_stream();
  const std::uint64_t last =
      (sample_meta().size(proto::Split::kVal) - 1) / consumer_->range_samples();
  const proto::Range range = unit(proto::Split::kVal, last);
  EXPECT_EQ(range.end(), 100U);
  consumer_->request(range);
  expect({range});
}

TEST_P(Transport, TheSameRangeCanBeHadAgain) {
  open(1);
  wait_for_stream();
  for (int i = 0; i < 2; ++i) {
    consumer_->request(unit(proto::Split::kTrain, 0));
    expect({unit(proto::Split::kTrain, 0)});
  }
}

TEST_P(Transport, NothingComesUnasked) {
  open(1);
  wait_for_stream();
  EXPECT_EQ(consumer_->receive(100ms), std::nullopt);
}

/// Over inproc:// both ends live and die together.
class RemoteTransport : public Transport {};

TEST_P(RemoteTransport, AConsumerThatStartsAnewFindsItsProducersAgain) {
  const Uri uri = parse_uri(address());
  const ConsumerPlan plan{.run_id = "run",
                          .eval_samples = 0,
                          .train_window = {.samples = 4096},
                          .security = sides_.trainer};
  consumer_ = open_consumer_end(uri, expected(), plan);
  const ProducerPlan producer_plan{
      .capacity = 1, .ahead = {4096, 0, 0}, .security = sides_.producer};
  workers_.push_back(
      std::make_unique<testing::Worker>(open_producer_end(uri, sample_meta(), producer_plan)));
  for (int start = 0; start < 2; ++start) {
    SCOPED_TRACE(start);
    wait_for_stream();
    consumer_->request(unit(proto::Split::kTrain, 1));
    expect({unit(proto::Split::kTrain, 1)});
    consumer_.reset();
    meta_.reset();
    consumer_ = open_consumer_end(uri, expected(), plan);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Transport,
                         ::testing::Values("inproc", "tcp", "tcp_keys", "ipc", "ipc_keys", "file"),
                         [](const auto& param) { return param.param; });
INSTANTIATE_TEST_SUITE_P(All, RemoteTransport,
                         ::testing::Values("tcp", "tcp_keys", "ipc", "ipc_keys", "file"),
                         [](const auto& param) { return param.param; });

TEST(TcpTransport, APortInUseIsSaid) {
  const Uri uri = parse_uri(testing::free_tcp_address());
  const auto first = open_consumer_end(uri, expected(), {});
  try {
    (void)open_consumer_end(uri, expected(), {});
    FAIL() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("cannot listen at " + uri.text), std::string::npos);
  }
}

TEST(TcpTransport, OthersThanLoopbackAreRefusedUnlessInsecure) {
  EXPECT_THROW((void)open_consumer_end(parse_uri("tcp://0.0.0.0:5555"), expected(), {}),
               std::invalid_argument);
}

TEST(TcpTransport, AProducerOfAnotherStreamLearnsWhy) {
  const Uri uri = parse_uri(testing::free_tcp_address());
  const auto consumer = open_consumer_end(uri, expected(), {});
  proto::StreamMeta other = sample_meta();
  other.settings["block_size"] = "6";
  other.fingerprint = proto::fingerprint_of(other);
  const auto producer = open_producer_end(uri, other, {});
  std::string reason;
  const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
  while (reason.empty() && std::chrono::steady_clock::now() < deadline) {
    try {
      (void)consumer->wait_for_stream(10ms);
      (void)producer->next(50ms);
    } catch (const std::runtime_error& error) {
      reason = error.what();
    }
  }
  EXPECT_NE(reason.find("block_size is 5 for train and 6 for prepare"), std::string::npos)
      << reason;
  EXPECT_NE(consumer->state().words.find("block_size"), std::string::npos);
}

}  // namespace
}  // namespace millrace::queue
