// Strangers and broken peers at a trainer's address: whatever they send, a good producer delivers,
// bit for bit.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <thread>

#include "queue/transports.h"
#include "queue/zmq/socket.h"
#include "tests/support/captured_log.h"
#include "tests/support/free_address.h"
#include "tests/support/key_pairs.h"
#include "tests/support/raw_peer.h"
#include "tests/support/sample_expectation.h"
#include "tests/support/sample_stream.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;
using testing::RawPeer;
using testing::sample_meta;

constexpr auto kLongEnough = 20s;

class BadPeers : public ::testing::TestWithParam<bool> {
 protected:
  BadPeers() {
    if (GetParam()) sides_ = testing::new_keyed_sides();
    ConsumerPlan plan{.run_id = "run", .eval_samples = 0, .train_window = {.samples = 4096}};
    plan.security = sides_.trainer;
    consumer_ = open_consumer_end(parse_uri(address_), testing::sample_expectation(), plan);
  }

  void expect_that_a_good_producer_delivers() {
    ProducerPlan plan{.capacity = 1};
    plan.security = sides_.producer;
    const auto producer = open_producer_end(parse_uri(address_), sample_meta(), plan);
    const auto work = [&] {
      if (const auto leased = producer->next(10ms)) {
        producer->deliver(*leased, testing::sample_batch(leased->range));
      }
    };
    ASSERT_TRUE(until([&] {
      work();  // the first samples, by which it is known
      return consumer_->wait_for_stream(10ms).has_value();
    }));
    const proto::Range range{proto::Split::kTrain, next_first_, consumer_->range_samples(), {}};
    next_first_ += range.count;
    consumer_->request(range);
    std::optional<proto::Batch> batch;
    EXPECT_TRUE(until([&] {
      work();
      batch = consumer_->receive(10ms);
      return batch.has_value();
    }));
    EXPECT_TRUE(batch && testing::same_bytes(*batch, testing::sample_batch(range)));
  }

  static bool until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
    while (std::chrono::steady_clock::now() < deadline) {
      if (done()) return true;
    }
    return false;
  }

  /// Sends a message three times, as a producer with the right keys could, and waits until the
  /// trainer has logged `said`.
  void send_as_a_producer(const proto::Frames& frames, std::string_view said) {
    Context context;
    Socket dealer = Socket::connect_dealer(context, address_, sides_.producer, random_routing_id());
    Socket* const all[] = {&dealer};
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(until([&] {
        wait(all, 10ms);
        return dealer.send({{}, frames});
      }));
    }
    EXPECT_TRUE(until([&] {
      (void)consumer_->receive(10ms);
      return log_.count(said) > 0;
    })) << log_.text();
  }

  testing::CapturedLog log_;
  std::string address_ = testing::free_tcp_address();
  testing::KeyedSides sides_;
  std::unique_ptr<ConsumerEnd> consumer_;
  std::uint64_t next_first_ = 0;
};

proto::SharedBytes frame(std::string bytes) {
  auto owner = std::make_shared<std::string>(std::move(bytes));
  return {owner, std::as_bytes(std::span(*owner))};
}

std::string random_bytes(std::mt19937_64& draw, std::size_t count) {
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(draw());
  return bytes;
}

TEST_P(BadPeers, RandomBytesOnThePort) {
  std::mt19937_64 draw(1);
  for (int i = 0; i < 300; ++i) {
    std::string bytes = random_bytes(draw, draw() % 2000);
    // Some begin like a greeting of ZeroMQ's protocol, some like one of version 3.
    if (i % 3 == 0) bytes = "\xff" + bytes;
    if (i % 3 == 1) bytes = "\xff" + std::string(8, '\0') + "\x7f\x03" + bytes;
    const RawPeer peer(address_);
    peer.send(bytes);
  }
  expect_that_a_good_producer_delivers();
}

TEST_P(BadPeers, SilentPeers) {
  std::vector<std::unique_ptr<RawPeer>> silent;
  for (int i = 0; i < 200; ++i) silent.push_back(std::make_unique<RawPeer>(address_));
  expect_that_a_good_producer_delivers();
}

TEST_P(BadPeers, AnotherMagicAndAnotherVersion) {
  proto::Frames foreign = proto::encode(proto::Ping{1});
  foreign[0] = frame("HTTP/1.1");
  send_as_a_producer(foreign, proto::describe(proto::DecodeStatus::kForeign));
  proto::Frames newer = proto::encode(proto::Ping{1});
  newer[0] = frame(std::string("MLRC\x63\0\0\0", 8));
  send_as_a_producer(newer, proto::describe(proto::DecodeStatus::kVersion));
  expect_that_a_good_producer_delivers();
  EXPECT_EQ(log_.count(proto::describe(proto::DecodeStatus::kForeign)), 1) << log_.text();
}

TEST_P(BadPeers, AMessageOfAHundredThousandFrames) {
  proto::Frames frames = proto::encode(proto::Ping{1});
  frames.resize(100'000, frame("x"));
  send_as_a_producer(frames, proto::describe(proto::DecodeStatus::kBadColumns));
  expect_that_a_good_producer_delivers();
}

INSTANTIATE_TEST_SUITE_P(All, BadPeers, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "Keys" : "Plain"; });

/// Peers that break ZeroMQ's own protocol; without keys, because these need a handshake.
class BadFrames : public BadPeers {};

TEST_P(BadFrames, AFrameAboveTheLimitEndsTheConnection) {
  const RawPeer peer(address_);
  peer.shake_hands();
  peer.send(RawPeer::frame_head(static_cast<std::uint64_t>(kMaxFrameBytes) + 1, false));
  EXPECT_TRUE(peer.is_closed_by_the_other_side());
  expect_that_a_good_producer_delivers();
}

TEST_P(BadFrames, AFrameThatNeverEndsTakesNobodyElsesPlace) {
  const RawPeer peer(address_);
  peer.shake_hands();
  peer.send(RawPeer::frame_head(static_cast<std::uint64_t>(kMaxFrameBytes), true) + "and no more");
  expect_that_a_good_producer_delivers();
}

INSTANTIATE_TEST_SUITE_P(Plain, BadFrames, ::testing::Values(false),
                         [](const auto&) { return "Plain"; });

}  // namespace
}  // namespace millrace::queue
