// The contract of the two ends, tested over every transport: what is requested arrives once and bit
// for bit, whichever producers come and go. A new transport adds a line to kCases.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <thread>

#include "queue/inproc.h"
#include "queue/transports.h"
#include "tests/queue/memory_transport.h"
#include "tests/support/free_address.h"
#include "tests/support/key_pairs.h"
#include "tests/support/sample_expectation.h"
#include "tests/support/sample_stream.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/worker.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;
using testing::sample_meta;

constexpr auto kLongEnough = 20s;

struct Case {
  std::string name;
  /// A place that is used by nobody else; `folder` is empty.
  std::string (*uri)(const testing::TemporaryFolder& folder);
  bool keys = false;
};

std::string free_path(const testing::TemporaryFolder& folder) {
  return "ipc://" + (folder / "race.sock").string();
}
std::string free_port(const testing::TemporaryFolder&) { return testing::free_tcp_address(); }

const Case kCases[] = {
    {"inproc", [](const testing::TemporaryFolder&) { return std::string("inproc://"); }},
    {"file", [](const auto& folder) { return "file://" + (folder / "queue").string(); }},
    {"tcp", free_port},
    {"tcp_keys", free_port, true},
    {"ipc", free_path},
    {"ipc_keys", free_path, true},
    {"memory", [](const testing::TemporaryFolder&) { return std::string("memory://here"); }},
};

/// Those of the registry, and the example of docs/how-to/add_a_transport.md.
std::span<const Transport> known_transports() {
  static const std::vector<Transport> known = [] {
    std::vector<Transport> all(transports().begin(), transports().end());
    all.push_back(memory_transport());
    return all;
  }();
  return known;
}

std::vector<Case> remote_cases() {
  const testing::TemporaryFolder folder;
  std::vector<Case> remote;
  for (const Case& each : kCases) {
    if (!parse_uri(each.uri(folder), known_transports()).transport->in_process) {
      remote.push_back(each);
    }
  }
  return remote;
}

class Conformance : public ::testing::TestWithParam<Case> {
 protected:
  void open(int producers) {
    if (uri_.transport->in_process) return open_inproc(producers);
    open_consumer();
    for (int i = 0; i < producers; ++i) add_worker();
  }
  void open_inproc(int producers) {
    InprocEnds ends = make_inproc(sample_meta(), testing::sample_expectation(),
                                  leased_range_samples(sample_meta().schema, kWindow));
    consumer_ = std::move(ends.consumer);
    for (int i = 0; i < producers; ++i) {
      workers_.push_back(std::make_unique<testing::Worker>(ends.producer));
    }
  }
  void open_consumer() {
    consumer_.reset();
    meta_.reset();
    consumer_ = open_consumer_end(uri_, testing::sample_expectation(),
                                  {.run_id = "00000000000000ff",
                                   .eval_samples = 100,
                                   .train_window = kWindow,
                                   .security = sides_.trainer});
  }
  [[nodiscard]] std::unique_ptr<ProducerEnd> producer(const proto::StreamMeta& meta) const {
    return open_producer_end(uri_, meta,
                             {.capacity = 1, .ahead = {4096, 100, 0}, .security = sides_.producer});
  }
  void add_worker() {
    workers_.push_back(std::make_unique<testing::Worker>(producer(sample_meta())));
  }

  void wait_for_stream(const std::function<void()>& meanwhile = [] {}) {
    const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
    while (!meta_ && std::chrono::steady_clock::now() < deadline) {
      meanwhile();
      meta_ = consumer_->wait_for_stream(50ms);
    }
    if (!meta_) throw std::runtime_error("no stream: " + consumer_->state().words);
    EXPECT_EQ(meta_, sample_meta());
  }

  /// Waits for a stream while this producer sends its first samples, by which it is known, and
  /// nothing after them.
  void wait_for_first_samples(ProducerEnd& producer) {
    wait_for_stream([&] {
      if (const auto leased = producer.next(10ms)) {
        producer.deliver(*leased, testing::sample_batch(leased->range));
      }
    });
  }

  /// Range k of the split.
  [[nodiscard]] proto::Range unit(proto::Split split, std::uint64_t k) const {
    const std::uint64_t first = k * consumer_->range_samples();
    const std::uint64_t count =
        std::min<std::uint64_t>(consumer_->range_samples(), sample_meta().size(split) - first);
    return {split, first, static_cast<std::uint32_t>(count), {}};
  }

  /// Receives until every range has come, and checks each.
  void expect(const std::vector<proto::Range>& ranges) {
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

  static constexpr Window kWindow{.samples = 4096};

  testing::TemporaryFolder folder_;
  const Uri uri_ = parse_uri(GetParam().uri(folder_), known_transports());
  const testing::KeyedSides sides_ =
      GetParam().keys ? testing::new_keyed_sides() : testing::KeyedSides{};
  std::unique_ptr<ConsumerEnd> consumer_;
  std::vector<std::unique_ptr<testing::Worker>> workers_;
  std::optional<proto::StreamMeta> meta_;
};

TEST_P(Conformance, EveryRequestedRangeArrives) {
  for (const int producers : {1, 3}) {
    SCOPED_TRACE(producers);
    workers_.clear();
    consumer_.reset();
    meta_.reset();
    open(producers);
    wait_for_stream();
    const std::vector ranges = {unit(proto::Split::kTrain, 0), unit(proto::Split::kTrain, 1)};
    for (const proto::Range& range : ranges) consumer_->request(range);
    for (const proto::Range& range : ranges) consumer_->request(range);  // twice is once
    expect(ranges);
    EXPECT_EQ(consumer_->receive(50ms), std::nullopt);
  }
}

TEST_P(Conformance, AFiniteSplitEndsWithAShorterRange) {
  open(1);
  wait_for_stream();
  const std::uint64_t last =
      (sample_meta().size(proto::Split::kVal) - 1) / consumer_->range_samples();
  const proto::Range range = unit(proto::Split::kVal, last);
  EXPECT_EQ(range.end(), 100U);
  consumer_->request(range);
  expect({range});
}

TEST_P(Conformance, ARangeCanBeRequestedAgain) {
  open(1);
  wait_for_stream();
  for (int i = 0; i < 2; ++i) {
    consumer_->request(unit(proto::Split::kTrain, 0));
    expect({unit(proto::Split::kTrain, 0)});
  }
}

TEST_P(Conformance, NothingArrivesUnrequested) {
  open(1);
  wait_for_stream();
  EXPECT_EQ(consumer_->receive(100ms), std::nullopt);
}

/// The transports whose ends come and go independently.
class RemoteConformance : public Conformance {};

TEST_P(RemoteConformance, AConsumerThatRestartsFindsItsProducersAgain) {
  open(1);
  for (int start = 0; start < 2; ++start) {
    SCOPED_TRACE(start);
    wait_for_stream();
    consumer_->request(unit(proto::Split::kTrain, 1));
    expect({unit(proto::Split::kTrain, 1)});
    open_consumer();
  }
}

TEST_P(RemoteConformance, RangesThatAProducerLeavesUndoneGoToAnother) {
  open(0);
  auto leaving = producer(sample_meta());
  wait_for_first_samples(*leaving);
  const std::vector ranges = {unit(proto::Split::kTrain, 0), unit(proto::Split::kTrain, 1)};
  for (const proto::Range& range : ranges) consumer_->request(range);
  std::optional<LeasedRange> leased;
  const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
  while (!leased && std::chrono::steady_clock::now() < deadline) {
    EXPECT_EQ(consumer_->receive(10ms), std::nullopt);
    leased = leaving->next(10ms);
  }
  ASSERT_TRUE(leased.has_value());
  leaving.reset();
  add_worker();
  expect(ranges);
}

TEST_P(RemoteConformance, ARestartedConsumerGetsOnlyItsOwnRequests) {
  open(1);
  wait_for_stream();
  consumer_->request(unit(proto::Split::kTrain, 0));
  std::this_thread::sleep_for(50ms);  // the batch may be on its way
  open_consumer();
  wait_for_stream();
  EXPECT_EQ(consumer_->receive(100ms), std::nullopt);
  consumer_->request(unit(proto::Split::kTrain, 1));
  expect({unit(proto::Split::kTrain, 1)});
}

TEST_P(RemoteConformance, AProducerOfAnotherStreamDoesNoHarm) {
  open(0);
  proto::StreamMeta other = sample_meta();
  other.settings["block_size"] = "6";
  other.fingerprint = proto::fingerprint_of(other);
  const auto stranger = producer(other);
  std::atomic<bool> stopping = false;
  std::thread work([&] {
    try {
      while (!stopping) {
        const auto leased = stranger->next(10ms);
        if (!leased) continue;
        stranger->deliver(*leased, proto::make_batch(other.schema, leased->range).batch);
      }
    } catch (const std::runtime_error&) {  // it was refused
    }
  });
  auto good = producer(sample_meta());
  wait_for_first_samples(*good);
  const std::vector ranges = {unit(proto::Split::kTrain, 0), unit(proto::Split::kTrain, 1)};
  for (const proto::Range& range : ranges) consumer_->request(range);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(consumer_->receive(10ms), std::nullopt);
  workers_.push_back(std::make_unique<testing::Worker>(std::move(good)));
  expect(ranges);
  stopping = true;
  work.join();
}

const auto name_of = [](const auto& param) { return param.param.name; };

INSTANTIATE_TEST_SUITE_P(All, Conformance, ::testing::ValuesIn(kCases), name_of);
INSTANTIATE_TEST_SUITE_P(All, RemoteConformance, ::testing::ValuesIn(remote_cases()), name_of);

TEST(Conformance, CoversEveryTransport) {
  const testing::TemporaryFolder folder;
  std::set<std::string_view> covered;
  for (const Case& each : kCases) {
    covered.insert(parse_uri(each.uri(folder), known_transports()).transport->scheme);
  }
  for (const Transport& transport : known_transports()) {
    EXPECT_TRUE(covered.contains(transport.scheme)) << transport.scheme;
  }
}

TEST(TcpTransport, APortInUseIsAnErrorThatNamesIt) {
  const Uri uri = parse_uri(testing::free_tcp_address());
  const auto first = open_consumer_end(uri, testing::sample_expectation(), {});
  try {
    (void)open_consumer_end(uri, testing::sample_expectation(), {});
    FAIL() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("cannot listen at " + uri.text), std::string::npos);
  }
}

TEST(TcpTransport, OthersThanLoopbackAreRefusedUnlessInsecure) {
  EXPECT_THROW(
      (void)open_consumer_end(parse_uri("tcp://0.0.0.0:5555"), testing::sample_expectation(), {}),
      std::invalid_argument);
}

TEST(TcpTransport, AProducerOfAnotherStreamLearnsWhy) {
  const Uri uri = parse_uri(testing::free_tcp_address());
  const auto consumer = open_consumer_end(uri, testing::sample_expectation(), {});
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
