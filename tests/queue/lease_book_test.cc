#include "queue/lease_book.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/support/sample_stream.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;
using testing::sample_batch;
using testing::sample_meta;

constexpr std::uint64_t kEpoch = 5;

proto::Range range(std::uint64_t first) { return {proto::Split::kTrain, first, 8, {}}; }

class LeaseBookTest : public ::testing::Test {
 protected:
  void hello(const PeerId& from, std::uint32_t capacity = 1) { book_.receive(from, proto::Hello{sample_meta(), capacity}, now_); }
  void answer(const PeerId& from, const proto::Lease& lease) {
    book_.receive(from, proto::Filled{lease.number, sample_meta().fingerprint, sample_batch(lease.range)}, now_);
  }
  void pass(std::chrono::milliseconds time) { now_ += time; }
  void alive(const PeerId& from) { book_.receive(from, proto::Ping{kEpoch}, now_); }

  /// All messages of one kind that were sent to one peer since the last look; the rest is dropped.
  template <class T>
  std::vector<T> sent(const PeerId& to) {
    book_.tick(now_);
    std::vector<T> messages;
    for (const auto& [peer, message] : book_.take_outgoing()) {
      if (peer == to && std::holds_alternative<T>(message)) messages.push_back(std::get<T>(message));
    }
    return messages;
  }

  Time now_{};
  LeaseBook book_{Admission({"sample", 7, sample_meta().settings, {}}), {.epoch = kEpoch, .max_late = 2}};
};

TEST_F(LeaseBookTest, WelcomesTheStreamOfItsRecipe) {
  hello("a");
  const auto welcomes = sent<proto::Welcome>("a");
  ASSERT_EQ(welcomes.size(), 1U);
  EXPECT_EQ(welcomes[0].epoch, kEpoch);
  EXPECT_EQ(book_.accepted(), sample_meta());
}

TEST_F(LeaseBookTest, RefusesAnotherStreamWithTheReason) {
  proto::StreamMeta other = sample_meta();
  other.settings["block_size"] = "6";
  other.fingerprint = proto::fingerprint_of(other);
  book_.receive("a", proto::Hello{other, 1}, now_);
  const auto refusals = sent<proto::Refuse>("a");
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_NE(refusals[0].reason.find("block_size is 5 for train and 6 for prepare"), std::string::npos);
  EXPECT_EQ(book_.producers(), 0U);
  EXPECT_EQ(book_.accepted(), std::nullopt);
}

TEST_F(LeaseBookTest, LeasesEachRangeOnceAndHandsOutTheAnswer) {
  hello("a");
  book_.want(range(0));
  book_.want(range(0));
  const auto leases = sent<proto::Lease>("a");
  ASSERT_EQ(leases.size(), 1U);
  EXPECT_EQ(leases[0].range, range(0));
  answer("a", leases[0]);
  const auto batches = book_.take_batches();
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_TRUE(testing::same_bytes(batches[0], sample_batch(range(0))));
}

TEST_F(LeaseBookTest, NobodyGetsMoreThanTwiceItsCapacity) {
  hello("a", 2);
  for (std::uint64_t first = 0; first < 80; first += 8) book_.want(range(first));
  const auto leases = sent<proto::Lease>("a");
  EXPECT_EQ(leases.size(), 4U);
  answer("a", leases[0]);
  EXPECT_EQ(sent<proto::Lease>("a").size(), 1U);
}

TEST_F(LeaseBookTest, SharesRangesAmongProducers) {
  hello("a", 4);
  hello("b", 4);
  for (std::uint64_t first = 0; first < 64; first += 8) book_.want(range(first));
  book_.tick(now_);
  std::map<PeerId, int> leases;
  for (const auto& [to, message] : book_.take_outgoing()) leases[to] += std::holds_alternative<proto::Lease>(message);
  EXPECT_EQ(leases["a"], 4);
  EXPECT_EQ(leases["b"], 4);
}

TEST_F(LeaseBookTest, ValIsServedBeforeTrain) {
  hello("a");
  book_.want(range(0));
  book_.want({proto::Split::kVal, 50, 8, {}});
  const auto leases = sent<proto::Lease>("a");
  ASSERT_EQ(leases.size(), 2U);
  EXPECT_EQ(leases[0].range.split, proto::Split::kVal);
}

TEST_F(LeaseBookTest, WhatAGoneProducerHeldGoesToAnother) {
  hello("a");
  book_.want(range(0));
  ASSERT_EQ(sent<proto::Lease>("a").size(), 1U);
  pass(700ms);
  hello("b");
  EXPECT_TRUE(sent<proto::Lease>("b").empty());
  pass(200ms);  // a was silent for 0.9 s
  alive("b");
  ASSERT_EQ(sent<proto::Lease>("b").size(), 1U);
  EXPECT_EQ(book_.counters().gone, 1U);
}

TEST_F(LeaseBookTest, ALateRangeIsAskedOfASecondProducerAndTheFirstAnswerWins) {
  hello("a");
  book_.want(range(0));
  const auto first = sent<proto::Lease>("a");
  ASSERT_EQ(first.size(), 1U);
  for (int i = 0; i < 5; ++i) {
    pass(500ms);
    alive("a");
  }
  hello("b");
  const auto second = sent<proto::Lease>("b");
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].range, range(0));
  EXPECT_NE(second[0].number, first[0].number);
  answer("a", first[0]);
  EXPECT_EQ(book_.take_batches().size(), 1U);
  answer("b", second[0]);
  EXPECT_TRUE(book_.take_batches().empty());
  EXPECT_EQ(book_.counters().duplicates, 1U);
}

TEST_F(LeaseBookTest, ASlowProducerThatAlwaysAnswersIsHeard) {
  hello("a");
  for (std::uint64_t first = 0; first < 64; first += 8) {
    book_.want(range(first));
    const auto leases = sent<proto::Lease>("a");
    ASSERT_EQ(leases.size(), 1U);
    for (int i = 0; i < 8; ++i) {  // four seconds for a range, twice what counts as late
      pass(500ms);
      alive("a");
      (void)sent<proto::Lease>("a");
    }
    answer("a", leases[0]);
    ASSERT_EQ(book_.take_batches().size(), 1U);
  }
}

TEST_F(LeaseBookTest, ARangeThatNobodyMakesIsAnErrorThatNamesIt) {
  book_.want(range(24));
  const auto silence = [this] {
    for (int i = 0; i < 12; ++i) {
      pass(500ms);
      for (const char* peer : {"a", "b", "c"}) alive(peer);
      book_.tick(now_);
    }
  };
  for (const char* peer : {"a", "b", "c"}) hello(peer);
  try {
    silence();
    FAIL() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("train samples [24, 32)"), std::string::npos) << error.what();
  }
}

TEST_F(LeaseBookTest, AnswersOfAnotherStreamOrShapeAreDropped) {
  hello("a");
  book_.want(range(0));
  const auto leases = sent<proto::Lease>("a");
  ASSERT_EQ(leases.size(), 1U);
  book_.receive("a", proto::Filled{leases[0].number, "00000000000000ff", sample_batch(range(0))}, now_);
  proto::Batch narrow = sample_batch(range(0));
  narrow.columns.pop_back();
  book_.receive("a", proto::Filled{leases[0].number, sample_meta().fingerprint, narrow}, now_);
  EXPECT_TRUE(book_.take_batches().empty());
  EXPECT_EQ(book_.counters().foreign, 2U);
  answer("a", leases[0]);
  EXPECT_EQ(book_.take_batches().size(), 1U);
}

TEST_F(LeaseBookTest, AStrangerIsAskedToSayHello) {
  book_.receive("a", proto::Ping{kEpoch}, now_);
  EXPECT_EQ(sent<proto::SayHello>("a").size(), 1U);
  hello("a");
  book_.receive("a", proto::Ping{kEpoch + 1}, now_);  // it was welcomed by an earlier start
  EXPECT_EQ(sent<proto::SayHello>("a").size(), 1U);
}

TEST_F(LeaseBookTest, ByeGivesLeasesBack) {
  hello("a");
  hello("b");
  book_.want(range(0));
  book_.tick(now_);
  PeerId holder;
  for (const auto& [to, message] : book_.take_outgoing()) {
    if (std::holds_alternative<proto::Lease>(message)) holder = to;
  }
  book_.receive(holder, proto::Bye{}, now_);
  EXPECT_EQ(sent<proto::Lease>(holder == "a" ? "b" : "a").size(), 1U);
  EXPECT_EQ(book_.producers(), 1U);
}

}  // namespace
}  // namespace millrace::queue
