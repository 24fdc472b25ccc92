// The consumer's side of the protocol: probes, leases, late, failing and gone producers, bad
// answers, audits, ranks.
#include "queue/protocol/lease_book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "proto/digest.h"
#include "tests/support/messages.h"
#include "tests/support/sample_expectation.h"
#include "tests/support/sample_stream.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;
using testing::sample_batch;
using testing::sample_meta;

constexpr std::uint64_t kEpoch = 5;
const std::string kSecret(64, '7');
const proto::Range kProbe{proto::Split::kTrain, 0, proto::kProbeSamples, {}};

proto::Range range(std::uint64_t first) { return {proto::Split::kTrain, first, 8, {}}; }

class LeaseBookTest : public ::testing::Test {
 protected:
  /// Says Hello, and proves the producer if the book asks for its probe.
  void hello(const PeerId& from, std::uint32_t capacity = 1, const std::string& origin = "") {
    say_hello(from, capacity, origin);
    book_.tick(now_);
    for (LeaseBook::Outgoing& out : book_.take_outgoing()) {
      const auto* lease = std::get_if<proto::Lease>(&out.message);
      if (out.to == from && lease != nullptr && lease->range == kProbe) {
        answer(from, *lease);
      } else {
        kept_.push_back(std::move(out));
      }
    }
  }
  void say_hello(const PeerId& from, std::uint32_t capacity = 1, const std::string& origin = "",
                 const proto::StreamMeta& meta = sample_meta()) {
    book_.receive({from, origin}, proto::Hello{meta, capacity}, now_);
  }
  void answer(const PeerId& from, const proto::Lease& lease) {
    book_.receive({from},
                  proto::Filled{lease.number, sample_meta().fingerprint, sample_batch(lease.range)},
                  now_);
  }
  void add_rank() {
    book_.receive({"rank"}, proto::Register{"run", 1, "tcp://127.0.0.1:7001", kSecret}, now_);
  }
  /// Why the rank is refused; empty: it is taken.
  std::string refused(const proto::Register& other, const Sender& from = {"rank"}) {
    book_.receive(from, other, now_);
    const auto refusals = sent<proto::Refuse>(from.id);
    return refusals.empty() ? "" : refusals[0].reason;
  }
  void fail(const PeerId& from, const proto::Lease& lease,
            const std::string& reason = "no such column") {
    book_.receive({from}, proto::Failed{lease.number, reason}, now_);
  }
  void pass(std::chrono::milliseconds time) { now_ += time; }
  /// Calls use(to, lease) with every lease that is handed out now; other messages are dropped.
  template <class Use>
  void each_lease(const Use& use) {
    book_.tick(now_);
    for (const auto& [to, message] : book_.take_outgoing()) {
      if (const auto* lease = std::get_if<proto::Lease>(&message)) use(to, *lease);
    }
  }
  /// A Ping in which the producer names all leases of the test.
  void alive(const PeerId& from) {
    book_.receive({from}, proto::Ping{kEpoch, given_, proto::digest_of_ranks(ranks_)}, now_);
  }

  /// All messages of one kind that were sent to one peer since the last call; others are dropped.
  template <class T>
  std::vector<T> sent(const PeerId& to) {
    book_.tick(now_);
    std::vector<T> messages;
    std::vector<LeaseBook::Outgoing> outgoing = std::exchange(kept_, {});
    std::ranges::move(book_.take_outgoing(), std::back_inserter(outgoing));
    for (const auto& [peer, message] : outgoing) {
      if (const auto* lease = std::get_if<proto::Lease>(&message)) given_.push_back(lease->number);
      if (peer == to && std::holds_alternative<T>(message)) {
        messages.push_back(std::get<T>(message));
      }
    }
    return messages;
  }

  Time now_{};
  std::vector<LeaseBook::Outgoing> kept_;  ///< sent while a producer said Hello
  std::vector<std::uint64_t> given_;
  std::vector<std::string> ranks_;
  LeaseBook book_{Admission(testing::sample_expectation()),
                  {.epoch = kEpoch, .run_id = "run", .secret = kSecret, .late_limit = 2}};
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
  book_.receive({"a"}, proto::Hello{other, 1}, now_);
  const auto refusals = sent<proto::Refuse>("a");
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_NE(refusals[0].reason.find("block_size is 5 for train and 6 for prepare"),
            std::string::npos);
  EXPECT_EQ(book_.producers(), 0U);
  EXPECT_EQ(book_.accepted(), std::nullopt);
}

TEST_F(LeaseBookTest, WelcomesAllProducersAgainAndTakesNothingFromThem) {
  hello("a");
  book_.request(range(0));
  ASSERT_EQ(sent<proto::Lease>("a").size(), 1U);
  book_.welcome_all();
  const auto welcomes = sent<proto::Welcome>("a");
  ASSERT_EQ(welcomes.size(), 1U);
  EXPECT_EQ(welcomes[0].epoch, kEpoch);
  EXPECT_EQ(book_.open_leases(), 1U);
}

TEST_F(LeaseBookTest, LeasesEachRangeOnceAndHandsOutTheAnswer) {
  hello("a");
  book_.request(range(0));
  book_.request(range(0));
  const auto leases = sent<proto::Lease>("a");
  ASSERT_EQ(leases.size(), 1U);
  EXPECT_EQ(leases[0].range, range(0));
  answer("a", leases[0]);
  const auto batches = book_.take_arrivals();
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_TRUE(testing::same_bytes(batches[0].batch, sample_batch(range(0))));
}

TEST_F(LeaseBookTest, NobodyGetsMoreThanTwiceItsCapacityUnlessItIsQuick) {
  hello("a", 2);
  for (std::uint64_t first = 0; first < 160; first += 8) book_.request(range(first));
  const auto leases = sent<proto::Lease>("a");
  EXPECT_EQ(leases.size(), 4U);
  EXPECT_FALSE(book_.has_room());
  now_ += 100ms;
  answer("a", leases[0]);
  EXPECT_EQ(sent<proto::Lease>("a").size(), 1U);
  hello("b", 1);
  const auto quick = sent<proto::Lease>("b");
  EXPECT_EQ(quick.size(), 2U);
  now_ += 1ms;
  answer("b", quick[0]);
  EXPECT_TRUE(book_.has_room());
  const auto more = sent<proto::Lease>("b");
  EXPECT_EQ(more.size(), 3U);  // four are open
  EXPECT_FALSE(book_.has_room());
  now_ += 100ms;
  answer("b", more[0]);
  EXPECT_EQ(sent<proto::Lease>("b").size(), 0U);  // three still are
}

TEST_F(LeaseBookTest, SharesRangesAmongProducers) {
  hello("a", 4);
  hello("b", 4);
  for (std::uint64_t first = 0; first < 64; first += 8) book_.request(range(first));
  book_.tick(now_);
  std::map<PeerId, int> leases;
  for (const auto& [to, message] : book_.take_outgoing()) {
    leases[to] += std::holds_alternative<proto::Lease>(message);
  }
  EXPECT_EQ(leases["a"], 4);
  EXPECT_EQ(leases["b"], 4);
}

TEST_F(LeaseBookTest, ValIsServedBeforeTrain) {
  hello("a");
  book_.request(range(0));
  book_.request({proto::Split::kVal, 50, 8, {}});
  const auto leases = sent<proto::Lease>("a");
  ASSERT_EQ(leases.size(), 2U);
  EXPECT_EQ(leases[0].range.split, proto::Split::kVal);
}

TEST_F(LeaseBookTest, RangesOfAGoneProducerGoToAnother) {
  hello("a");
  book_.request(range(0));
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
  book_.request(range(0));
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
  EXPECT_EQ(book_.take_arrivals().size(), 1U);
  answer("b", second[0]);
  EXPECT_TRUE(book_.take_arrivals().empty());
  EXPECT_EQ(book_.counters().duplicates, 1U);
}

TEST_F(LeaseBookTest, AnswersOfASlowProducerAreTaken) {
  hello("a");
  for (std::uint64_t first = 0; first < 64; first += 8) {
    book_.request(range(first));
    const auto leases = sent<proto::Lease>("a");
    ASSERT_EQ(leases.size(), 1U);
    for (int i = 0; i < 8; ++i) {  // four seconds for a range, twice what counts as late
      pass(500ms);
      alive("a");
      (void)sent<proto::Lease>("a");
    }
    answer("a", leases[0]);
    ASSERT_EQ(book_.take_arrivals().size(), 1U);
  }
}

TEST_F(LeaseBookTest, ARangeThatNobodyMakesIsAnErrorThatNamesItAndItsProducers) {
  hello("a");
  book_.request({proto::Split::kTrain, 24, 8, 3});
  ASSERT_EQ(sent<proto::Lease>("a").size(), 1U);
  const std::string error = testing::message_of<std::runtime_error>([this] {
    for (int i = 0; i < 100; ++i) {
      pass(500ms);
      alive("a");
      book_.tick(now_);
    }
  });
  EXPECT_TRUE(testing::contains(error, "train samples [24, 32) at stage 3: late 2 times"));
  EXPECT_TRUE(testing::contains(
      error,
      "producer " + proto::hex16(proto::xxh64(std::string_view("a"))) + " has had it for 6 s"));
  EXPECT_EQ(now_.time_since_epoch(), 6s);  // late after 2 s, and again after twice as long
}

TEST_F(LeaseBookTest, ASlowProducerIsLateAfterFourTimesItsUsualTime) {
  hello("a");
  book_.request(range(0));
  const auto first = sent<proto::Lease>("a");
  ASSERT_EQ(first.size(), 1U);
  for (int i = 0; i < 5; ++i) {
    pass(600ms);
    alive("a");
    book_.tick(now_);
  }
  answer("a", first[0]);  // after 3 s
  book_.request(range(8));
  ASSERT_EQ(sent<proto::Lease>("a").size(), 1U);
  const auto late_before = book_.counters().late;
  for (int i = 0; i < 23; ++i) {
    pass(500ms);
    alive("a");
    book_.tick(now_);
  }
  EXPECT_EQ(book_.counters().late, late_before);  // after 11.5 s
  pass(500ms);
  alive("a");
  book_.tick(now_);
  EXPECT_EQ(book_.counters().late, late_before + 1);
}

TEST_F(LeaseBookTest, ALeaseThatItsProducerDoesNotNameWasLostOnTheWay) {
  hello("a");
  book_.request(range(0));
  const auto leases = sent<proto::Lease>("a");
  ASSERT_EQ(leases.size(), 1U);
  given_.clear();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(sent<proto::Lease>("a").empty()) << i;
    pass(300ms);
    alive("a");
  }
  EXPECT_EQ(sent<proto::Lease>("a").size(), 1U);
  answer("a", leases[0]);  // it was only slow
  EXPECT_EQ(book_.take_arrivals().size(), 1U);
}

TEST_F(LeaseBookTest, AProducerThatDoesNotKnowAllRanksIsToldAgain) {
  hello("a");
  add_rank();
  (void)sent<proto::Welcome>("a");  // lost on the way
  alive("a");
  EXPECT_EQ(sent<proto::Welcome>("a").size(), 1U);
  ranks_ = {"tcp://127.0.0.1:7001"};
  alive("a");
  EXPECT_TRUE(sent<proto::Welcome>("a").empty());
}

TEST_F(LeaseBookTest, AnAnswerOfAGoneProducerIsStillGood) {
  hello("a");
  book_.request(range(0));
  const auto leases = sent<proto::Lease>("a");
  ASSERT_EQ(leases.size(), 1U);
  pass(5s);
  book_.tick(now_);
  EXPECT_EQ(book_.producers(), 0U);
  answer("a", leases[0]);
  EXPECT_EQ(book_.take_arrivals().size(), 1U);
  EXPECT_EQ(sent<proto::SayHello>("a").size(), 1U);
}

TEST_F(LeaseBookTest, AnswersToLeasesThatWereNotGivenAreDropped) {
  hello("a");
  hello("b");
  book_.request(range(0));
  proto::Lease lease;
  PeerId holder;
  each_lease([&](const PeerId& to, const proto::Lease& one) { lease = one, holder = to; });
  const PeerId other = holder == "a" ? "b" : "a";
  answer(other, lease);                            // somebody else's
  answer(other, {lease.number + 7, lease.range});  // made up
  answer("stranger", {1, lease.range});
  EXPECT_TRUE(book_.take_arrivals().empty());
  EXPECT_EQ(book_.counters().unasked, 3U);
  answer(holder, lease);
  EXPECT_EQ(book_.take_arrivals().size(), 1U);
  answer(holder, lease);
  EXPECT_EQ(book_.counters().duplicates, 1U);
}

TEST_F(LeaseBookTest, ADamagedAnswerIsLeasedAgainAndItsSenderRefusedAfterEight) {
  hello("a");
  book_.request(range(0));
  std::size_t damaged = 0;
  for (; book_.producers() > 0; ++damaged) {
    const auto leases = sent<proto::Lease>("a");
    ASSERT_EQ(leases.size(), 1U) << "after " << damaged;
    book_.damaged("a", leases[0].number);
  }
  EXPECT_EQ(book_.counters().damaged, 8U);
  hello("a");
  EXPECT_EQ(book_.producers(), 0U);
  hello("b");
  EXPECT_EQ(sent<proto::Lease>("b").size(), 1U);
}

TEST_F(LeaseBookTest, ARangeThatThreeProducersFailAtIsAnErrorWithTheirReasons) {
  for (const char* peer : {"a", "b", "c"}) hello(peer);
  book_.request(range(0));
  const auto fail_once = [this] {
    book_.tick(now_);
    for (const auto& [to, message] : book_.take_outgoing()) {
      if (const auto* lease = std::get_if<proto::Lease>(&message)) {
        return fail(to, *lease, "no such column at " + to);
      }
    }
    FAIL() << "no lease";
  };
  fail_once();
  fail_once();
  const std::string error = testing::message_of<std::runtime_error>(fail_once);
  EXPECT_TRUE(testing::contains(error, "train samples [0, 8): late 0 times, failed 3 times"));
  for (const char* peer : {"a", "b", "c"}) {
    EXPECT_TRUE(testing::contains(error, std::string("no such column at ") + peer));
  }
}

TEST_F(LeaseBookTest, AFailureOfThreeProducersIsNoErrorWhileAFourthIsThere) {
  for (const char* peer : {"a", "b", "c", "d"}) hello(peer);
  book_.request(range(0));
  std::set<PeerId> failed;
  for (int i = 0; i < 4; ++i) {
    each_lease([&](const PeerId& to, const proto::Lease& lease) {
      if (failed.size() == 3) {
        answer(to, lease);
      } else {
        fail(to, lease);
        failed.insert(to);
      }
    });
  }
  EXPECT_EQ(failed.size(), 3U);
  EXPECT_EQ(book_.take_arrivals().size(), 1U);
}

TEST_F(LeaseBookTest, AProducerThatIsAloneIsAskedAgainForHalfAMinute) {
  hello("a");
  book_.request(range(0));
  int failures = 0;
  const std::string error = testing::message_of<std::runtime_error>([&] {
    for (; now_.time_since_epoch() < 60s; pass(100ms)) {
      alive("a");
      for (const auto& lease : sent<proto::Lease>("a")) {
        ++failures;
        fail("a", lease);
      }
    }
  });
  EXPECT_TRUE(testing::contains(error, "failed 8 times"));
  EXPECT_TRUE(testing::contains(error, "no such column"));
  EXPECT_EQ(failures, 8);  // after growing pauses
  EXPECT_GE(now_.time_since_epoch(), 30s);
  EXPECT_LE(now_.time_since_epoch(), 40s);
}

TEST_F(LeaseBookTest, AProducerThatRecoversInTimeDoesNotEndTheRun) {
  hello("a");
  book_.request(range(0));
  for (; book_.take_arrivals().empty(); pass(100ms)) {
    ASSERT_LT(now_.time_since_epoch(), 60s);
    alive("a");
    for (const auto& lease : sent<proto::Lease>("a")) {
      if (now_.time_since_epoch() < 20s) {
        fail("a", lease);
      } else {
        answer("a", lease);
      }
    }
  }
}

TEST_F(LeaseBookTest, AProducerThatFailsAtEverythingRestsAndIsNotLoggedEachTime) {
  hello("a", 8);
  hello("b", 8);
  (void)book_.take_reports();
  int failures = 0;
  std::uint64_t first = 0;
  std::size_t reports = 0;
  for (; now_.time_since_epoch() < 20s; pass(100ms)) {
    alive("a");
    alive("b");
    book_.request(range(first += 8));
    each_lease([&](const PeerId& to, const proto::Lease& lease) {
      given_.push_back(lease.number);
      if (to == "b") {
        answer("b", lease);
      } else {
        ++failures;
        fail("a", lease);
      }
    });
    reports += book_.take_reports().size();
  }
  EXPECT_EQ(book_.take_arrivals().size() + book_.open_leases(), 200U);
  EXPECT_LT(failures, 20);
  EXPECT_LT(reports, 8U);
}

TEST_F(LeaseBookTest, ARangeGoesToAProducerThatHasNotFailedAtIt) {
  hello("a");
  for (const std::uint64_t start : {0, 8}) book_.request(range(start));
  const auto first = sent<proto::Lease>("a");
  ASSERT_EQ(first.size(), 2U);
  hello("b");
  for (const std::uint64_t start : {16, 24}) book_.request(range(start));
  given_.clear();
  ASSERT_EQ(sent<proto::Lease>("b").size(), 2U);  // as many as it takes at once
  book_.receive({"a"}, proto::Failed{first[0].number, "no such column"}, now_);
  EXPECT_TRUE(sent<proto::Lease>("a").empty());  // idle, but it would fail again
  answer("b", {given_[0], range(16)});
  const auto again = sent<proto::Lease>("b");
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].range, range(0));
}

TEST_F(LeaseBookTest, AChangeOfStageCancelsRequestsAtTheOldOne) {
  hello("a");
  book_.request({proto::Split::kTrain, 0, 8, 0});
  book_.request({proto::Split::kTrain, 8, 8, 0});
  const auto old = sent<proto::Lease>("a");
  ASSERT_EQ(old.size(), 2U);
  book_.set_stage_log({{0, 0}, {8, 1}});
  answer("a", old[1]);
  EXPECT_TRUE(book_.take_arrivals().empty());
  EXPECT_EQ(book_.counters().duplicates, 1U);
  answer("a", old[0]);
  EXPECT_EQ(book_.take_arrivals().size(), 1U);
}

TEST_F(LeaseBookTest, ProducersLearnWhereTheOtherRanksAre) {
  hello("a");
  (void)sent<proto::Welcome>("a");
  add_rank();
  const auto welcomes = sent<proto::Welcome>("a");
  ASSERT_EQ(welcomes.size(), 1U);
  EXPECT_EQ(welcomes[0].ranks, std::vector<std::string>{"tcp://127.0.0.1:7001"});
  add_rank();
  EXPECT_TRUE(sent<proto::Welcome>("a").empty());  // nothing new
  hello("b");
  EXPECT_EQ(sent<proto::Welcome>("b").at(0).ranks.size(), 1U);
  pass(6s);
  ranks_ = {"tcp://127.0.0.1:7001"};
  alive("a");
  EXPECT_TRUE(sent<proto::Welcome>("a").at(0).ranks.empty());  // the rank fell silent
}

TEST_F(LeaseBookTest, OnlyARankThatHasTheSecretIsTaken) {
  const std::string address = "tcp://127.0.0.1:7001";
  const std::string error = refused({"run", 1, address, std::string(64, '8')});
  EXPECT_TRUE(testing::contains(error, "not a rank of the run that listens here"));
  EXPECT_EQ(error.find("run run"), std::string::npos);
  for (const proto::Register& other :
       {proto::Register{"run", 1, address}, proto::Register{"run", 1, address, "7"},
        proto::Register{"another", 1, address, kSecret}}) {
    EXPECT_EQ(refused(other), error);  // which says nothing of the run
  }
  EXPECT_EQ(book_.take_reports().size(), 1U);
  EXPECT_EQ(book_.counters().refused, 4U);
  EXPECT_FALSE(refused({"run", 0, address, kSecret}).empty());
  EXPECT_FALSE(refused({"run", proto::kMaxRanks, address, kSecret}).empty());
  EXPECT_EQ(refused({"run", 1, address, kSecret}), "");
}

TEST_F(LeaseBookTest, WithoutASecretNoRankIsTaken) {
  book_ = LeaseBook(Admission(testing::sample_expectation()), {.epoch = kEpoch, .run_id = "run"});
  EXPECT_FALSE(refused({"run", 1, "tcp://127.0.0.1:7001", ""}).empty());
}

TEST_F(LeaseBookTest, WithKeysARankNeedsTheTrainersPair) {
  book_ =
      LeaseBook(Admission(testing::sample_expectation()),
                {.epoch = kEpoch, .run_id = "run", .secret = kSecret, .ranks_have_own_key = true});
  const proto::Register other{"run", 1, "tcp://127.0.0.1:7001", kSecret};
  EXPECT_FALSE(refused(other, {"rank", "0123456789abcdef", false}).empty());
  EXPECT_EQ(refused(other, {"rank", "0123456789abcdef", true}), "");
}

TEST_F(LeaseBookTest, ARanksAddressIsChecked) {
  book_ = LeaseBook(Admission(testing::sample_expectation()),
                    {.epoch = kEpoch,
                     .run_id = "run",
                     .secret = kSecret,
                     .rank_address_error = [](const std::string& address) {
                       return address.starts_with("tcp://") ? "" : "no place to go to";
                     }});
  hello("a");
  (void)sent<proto::Welcome>("a");
  EXPECT_EQ(refused({"run", 1, "garbage", kSecret}), "no place to go to");
  EXPECT_TRUE(sent<proto::Welcome>("a").empty());
}

// --- Probes.

TEST_F(LeaseBookTest, AProducersFirstLeaseIsItsProbe) {
  say_hello("a");
  book_.request(range(0));
  const auto leases = sent<proto::Lease>("a");
  ASSERT_EQ(leases.size(), 1U);
  EXPECT_EQ(leases[0].range, kProbe);
  EXPECT_TRUE(testing::contains(book_.describe_next_wanted(), "has yet to send"));
  answer("a", leases[0]);
  EXPECT_TRUE(book_.take_arrivals().empty());  // nobody asked for it
  const auto next = sent<proto::Lease>("a");
  ASSERT_EQ(next.size(), 1U);
  EXPECT_EQ(next[0].range, range(0));
}

TEST_F(LeaseBookTest, AProbeIsAskedForAgainWhenItWasLost) {
  say_hello("a");
  ASSERT_EQ(sent<proto::Lease>("a").size(), 1U);
  given_.clear();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(sent<proto::Lease>("a").empty());
    pass(300ms);
    alive("a");
  }
  EXPECT_EQ(sent<proto::Lease>("a").size(), 1U);
}

TEST_F(LeaseBookTest, AProducerWhoseFirstBytesAreNotItsProbesIsRefused) {
  say_hello("a");
  const auto leases = sent<proto::Lease>("a");
  ASSERT_EQ(leases.size(), 1U);
  proto::BatchBuffer buffer = proto::make_batch(testing::sample_schema(), kProbe);
  book_.receive({"a"}, proto::Filled{leases[0].number, sample_meta().fingerprint, buffer.batch},
                now_);
  const auto refusals = sent<proto::Refuse>("a");
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_TRUE(testing::contains(refusals[0].reason, "first train samples"));
  EXPECT_EQ(book_.producers(), 0U);
  EXPECT_EQ(book_.accepted(), std::nullopt);
  say_hello("a");
  EXPECT_EQ(sent<proto::Refuse>("a").size(), 1U);
}

TEST_F(LeaseBookTest, AHelloAloneDecidesNothing) {
  proto::StreamMeta other = sample_meta();
  other.ignore_index = -7;
  say_hello("stranger", 1, "", other);
  EXPECT_EQ(book_.accepted(), std::nullopt);
  hello("a");
  EXPECT_EQ(book_.accepted(), sample_meta());
  const auto refusals = sent<proto::Refuse>("stranger");
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_TRUE(testing::contains(refusals[0].reason, "ignore_index is -100 in the run and -7"));
  say_hello("late", 1, "", other);
  EXPECT_EQ(sent<proto::Refuse>("late").size(), 1U);
  EXPECT_EQ(book_.accepted(), sample_meta());
}

TEST_F(LeaseBookTest, OfManyThatOnlySayHelloTheFirstAreForgotten) {
  for (int i = 0; i < 40; ++i) {
    say_hello("stranger" + std::to_string(i));
    book_.tick(now_ += 1ms);
  }
  EXPECT_LE(book_.producers(), 16U);
  hello("a");
  EXPECT_EQ(book_.accepted(), sample_meta());
}

TEST_F(LeaseBookTest, AProducerThatNeverAnswersIsGivenNothingAndEndsNothing) {
  for (int i = 0; i < 8; ++i) say_hello("hung" + std::to_string(i), 256);
  hello("a", 4);
  for (std::uint64_t first = 0; first < 3200; first += 8) book_.request(range(first));
  for (; now_.time_since_epoch() < 300s; pass(100ms)) {
    for (int i = 0; i < 8; ++i) alive("hung" + std::to_string(i));
    alive("a");
    for (const auto& lease : sent<proto::Lease>("a")) answer("a", lease);
  }
  EXPECT_EQ(book_.take_arrivals().size(), 400U);
  EXPECT_EQ(book_.counters().late, 0U);
}

TEST_F(LeaseBookTest, AProbeOfMoreThanALeaseMayHaveIsNotAskedFor) {
  proto::StreamMeta large = sample_meta();
  large.schema.fields[0].shape = {20U << 20};
  large.fingerprint = proto::fingerprint_of(large);
  proto::StreamMeta other = large;
  other.ignore_index = -7;
  say_hello("b", 1, "", large);
  for (const char* peer : {"a", "c"}) say_hello(peer, 1, "", other);
  book_.request(range(0));
  const auto leases = sent<proto::Lease>("a");  // the first by its id
  ASSERT_EQ(leases.size(), 1U);
  EXPECT_EQ(leases[0].range, range(0));
  EXPECT_EQ(book_.accepted(), other);
  EXPECT_EQ(book_.producers(), 2U);  // b is of another stream
}

// --- A producer that is late.

TEST_F(LeaseBookTest, WhatALateProducerHoldsGoesToOthersAndItGetsNoMore) {
  hello("a", 2);
  for (std::uint64_t first = 0; first < 32; first += 8) book_.request(range(first));
  const auto held = sent<proto::Lease>("a");
  ASSERT_EQ(held.size(), 4U);
  pass(600ms);
  alive("a");
  hello("b", 4);
  EXPECT_TRUE(sent<proto::Lease>("b").empty());
  for (int i = 0; i < 3; ++i) {
    pass(500ms);
    alive("a");
    alive("b");
  }
  EXPECT_EQ(sent<proto::Lease>("b").size(), 4U);  // all of them, as soon as the first is late
  book_.request(range(32));
  EXPECT_TRUE(sent<proto::Lease>("a").empty());
  answer("a", held[2]);
  book_.request(range(40));
  book_.request(range(48));
  EXPECT_EQ(book_.take_arrivals().size(), 1U);
}

TEST_F(LeaseBookTest, AProducerThatWasLateGetsALeaseWhenItHasAnswered) {
  hello("a");
  book_.request(range(0));
  const auto held = sent<proto::Lease>("a");
  ASSERT_EQ(held.size(), 1U);
  for (int i = 0; i < 5; ++i) {
    pass(500ms);
    alive("a");
    (void)sent<proto::Lease>("a");
  }
  book_.request(range(8));
  EXPECT_TRUE(sent<proto::Lease>("a").empty());
  answer("a", held[0]);
  EXPECT_EQ(sent<proto::Lease>("a").size(), 1U);
}

TEST_F(LeaseBookTest, AProducerWhoseLateAnswerIsNotWantedAnyMoreGetsLeasesAgain) {
  hello("a");
  book_.request(range(0));
  const auto held = sent<proto::Lease>("a");
  ASSERT_EQ(held.size(), 1U);
  for (int i = 0; i < 5; ++i) {
    pass(500ms);
    alive("a");
  }
  hello("b");
  const auto again = sent<proto::Lease>("b");
  ASSERT_EQ(again.size(), 1U);
  answer("b", again[0]);
  book_.receive({"b"}, proto::Bye{}, now_);
  book_.request(range(8));
  alive("a");  // it still works on the first one
  EXPECT_TRUE(sent<proto::Lease>("a").empty());
  answer("a", held[0]);
  EXPECT_EQ(book_.counters().duplicates, 1U);
  EXPECT_EQ(sent<proto::Lease>("a").size(), 1U);
}

TEST_F(LeaseBookTest, HungProducersDelayEachRangeOnceAndNeverEndTheRun) {
  const auto is_hung = [](const PeerId& peer) { return peer.starts_with("hung"); };
  for (int i = 0; i < 8; ++i) hello("hung" + std::to_string(i), 64);
  hello("a", 2);
  std::size_t arrived = 0;
  std::uint64_t next = 0;
  for (; now_.time_since_epoch() < 40s; pass(50ms)) {
    while (next < 8 * (arrived + 100)) book_.request(range(next)), next += 8;
    for (int i = 0; i < 8; ++i) alive("hung" + std::to_string(i));
    alive("a");
    each_lease([&](const PeerId& to, const proto::Lease& lease) {
      given_.push_back(lease.number);
      if (!is_hung(to)) answer(to, lease);
    });
    if (given_.size() > 200) given_.erase(given_.begin(), given_.end() - 200);
    arrived += book_.take_arrivals().size();
    if (now_.time_since_epoch() > 5s) {
      EXPECT_GT(arrived, 100U);
    }
  }
  EXPECT_GT(arrived, 1000U);
}

/// Every range is computed by two producers, and compared.
class AuditTest : public LeaseBookTest {
 protected:
  AuditTest() {
    book_ = LeaseBook(Admission(testing::sample_expectation()),
                      {.epoch = kEpoch, .run_id = "run", .audit = 1.0});
    for (const char* peer : {"a", "b", "c"}) hello(peer);
    kept_.clear();
  }
  /// Answers a lease, with one byte changed by `error`.
  void answer_with_error(const PeerId& from, const proto::Lease& lease, std::uint8_t error) {
    proto::BatchBuffer buffer = proto::make_batch(testing::sample_schema(), lease.range);
    testing::fill_sample(lease.range, buffer.view);
    buffer.view.values<std::uint8_t>(0)[3] ^= error;
    book_.receive({from}, proto::Filled{lease.number, sample_meta().fingerprint, buffer.batch},
                  now_);
  }
  /// The same for the lease that is handed out next; who it was.
  PeerId answer_next(std::uint8_t error) {
    book_.tick(now_);
    for (const auto& [to, message] : book_.take_outgoing()) {
      const auto* lease = std::get_if<proto::Lease>(&message);
      if (lease == nullptr) continue;
      answer_with_error(to, *lease, error);
      return to;
    }
    ADD_FAILURE() << "no lease";
    return {};
  }
};

TEST_F(AuditTest, ARangeThatTwoComputeAlikeArrivesOnce) {
  book_.request(range(0));
  const PeerId first = answer_next(0);
  EXPECT_TRUE(book_.take_arrivals().empty());
  EXPECT_NE(answer_next(0), first);
  ASSERT_EQ(book_.take_arrivals().size(), 1U);
  EXPECT_EQ(book_.counters().audited, 1U);
  EXPECT_EQ(book_.counters().disagreed, 0U);
}

TEST_F(AuditTest, ADifferenceNamesBothAndTheThirdDecides) {
  book_.request(range(0));
  const PeerId faulty = answer_next(4);
  const PeerId good = answer_next(0);
  EXPECT_TRUE(book_.take_arrivals().empty());
  const auto reports = book_.take_reports();
  ASSERT_EQ(reports.size(), 1U);
  for (const PeerId& peer : {faulty, good}) {
    EXPECT_TRUE(testing::contains(reports[0], proto::hex16(proto::xxh64(peer))));
  }
  const PeerId third = answer_next(0);
  EXPECT_TRUE(third != faulty && third != good);
  const auto arrivals = book_.take_arrivals();
  ASSERT_EQ(arrivals.size(), 1U);
  EXPECT_TRUE(testing::same_bytes(arrivals[0].batch, sample_batch(range(0))));
  EXPECT_EQ(book_.counters().disagreed, 1U);
}

TEST_F(AuditTest, IfAllDifferTheRunEnds) {
  book_.request(range(0));
  (void)answer_next(1);
  (void)answer_next(2);
  const std::string error =
      testing::message_of<std::runtime_error>([this] { (void)answer_next(4); });
  EXPECT_TRUE(testing::contains(error, "producers do not agree on train samples [0, 8)"));
}

TEST_F(AuditTest, ARangeThatNobodyElseCanComputeIsDeliveredUnaudited) {
  book_.request(range(0));
  const PeerId first = answer_next(0);
  for (const char* peer : {"a", "b", "c"}) {
    if (peer != first) book_.receive({peer}, proto::Bye{}, now_);
  }
  book_.tick(now_);
  EXPECT_EQ(book_.take_arrivals().size(), 1U);
  EXPECT_EQ(book_.counters().audited, 0U);
}

TEST_F(LeaseBookTest, WhichRangesAreAuditedIsASecret) {
  const auto audited = [this](const std::string& key) {
    book_ = LeaseBook(Admission(testing::sample_expectation()),
                      {.epoch = kEpoch, .run_id = "run", .audit = 0.3, .audit_key = key});
    hello("a", 256);
    hello("b", 256);
    kept_.clear();
    std::vector<std::uint64_t> twice;
    for (std::uint64_t first = 0; first < 2048; first += 8) {
      book_.request(range(first));
      int leases = 0;
      for (int i = 0; i < 3; ++i) {
        each_lease([&](const PeerId& to, const proto::Lease& lease) {
          ++leases;
          answer(to, lease);
        });
      }
      if (leases == 2) twice.push_back(first);
    }
    return twice;
  };
  const auto one = audited("one"), other = audited("other");
  EXPECT_EQ(one, audited("one"));
  EXPECT_NE(one, other);
  EXPECT_NEAR(static_cast<double>(one.size()), 0.3 * 256, 30);
  std::vector<std::uint64_t> both;
  std::ranges::set_intersection(one, other, std::back_inserter(both));
  EXPECT_LT(both.size(), 50U);  // 23 by chance
}

/// Two producers of one host, and one of another.
class AuditByOriginTest : public AuditTest {
 protected:
  AuditByOriginTest() {
    book_ = LeaseBook(Admission(testing::sample_expectation()),
                      {.epoch = kEpoch, .run_id = "run", .audit = 1.0});
    hello("p1", 1, "10.0.0.1");
    hello("p2", 1, "10.0.0.1");
    hello("h", 1, "10.0.0.2");
    kept_.clear();
  }
};

TEST_F(AuditByOriginTest, TheSecondAnswerIsOfAnotherOrigin) {
  for (std::uint64_t first = 0; first < 80; first += 8) {
    book_.request(range(first));
    const PeerId one = answer_next(0), other = answer_next(0);
    EXPECT_NE(one == "h", other == "h") << one << ' ' << other;
    EXPECT_EQ(book_.take_arrivals().size(), 1U);
  }
}

TEST_F(AuditByOriginTest, OneOriginDoesNotDecideAlone) {
  book_.request(range(0));
  const std::string error = testing::message_of<std::runtime_error>([this] {
    for (int i = 0; i < 6; ++i) {
      each_lease([this](const PeerId& to, const proto::Lease& lease) {
        answer_with_error(to, lease, to == "h" ? 0 : 4);
      });
      EXPECT_TRUE(book_.take_arrivals().empty());
    }
  });
  EXPECT_TRUE(testing::contains(error, "producers do not agree on train samples [0, 8)"));
}

TEST_F(AuditTest, AProducerThatFailsAtAuditedRangesHangsNothing) {
  book_.receive({"c"}, proto::Bye{}, now_);
  std::size_t arrived = 0;
  std::uint64_t next = 0;
  for (; now_.time_since_epoch() < 20s; pass(100ms)) {
    while (next < 8 * (arrived + 4)) book_.request(range(next)), next += 8;
    alive("a");
    alive("b");
    each_lease([&](const PeerId& to, const proto::Lease& lease) {
      given_.push_back(lease.number);
      if (to == "a") {
        answer("a", lease);
      } else {
        fail("b", lease);
      }
    });
    arrived += book_.take_arrivals().size();
  }
  EXPECT_GT(arrived, 200U);
}

TEST_F(AuditTest, AHungProducerHoldsUpAnAuditOnlyUntilItIsLate) {
  book_.receive({"c"}, proto::Bye{}, now_);
  std::size_t arrived = 0;
  for (std::uint64_t first = 0; first < 80; first += 8) book_.request(range(first));
  for (; now_.time_since_epoch() < 10s; pass(100ms)) {
    alive("a");
    alive("b");
    each_lease([&](const PeerId& to, const proto::Lease& lease) {
      given_.push_back(lease.number);
      if (to == "a") answer("a", lease);
    });
    arrived += book_.take_arrivals().size();
  }
  EXPECT_EQ(arrived, 10U);
}

TEST_F(LeaseBookTest, AProducerThatCannotBeReachedIsReportedAndOneThatEndsIsNot) {
  hello("a");
  hello("b");
  book_.lost("a");
  book_.receive({"b"}, proto::Bye{}, now_);
  const auto reports = book_.take_reports();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_TRUE(testing::contains(reports[0], "is gone; the 0 ranges that it held go to others"));
}

TEST_F(LeaseBookTest, EveryCauseIsReportedOnce) {
  for (int i = 0; i < 3; ++i) answer("stranger", {1, range(0)});
  EXPECT_EQ(book_.take_reports().size(), 1U);
  EXPECT_EQ(book_.counters().unasked, 3U);
}

TEST_F(LeaseBookTest, AnswersOfAnotherStreamOrShapeAreDropped) {
  hello("a");
  book_.request(range(0));
  const auto leases = sent<proto::Lease>("a");
  ASSERT_EQ(leases.size(), 1U);
  book_.receive({"a"}, proto::Filled{leases[0].number, "00000000000000ff", sample_batch(range(0))},
                now_);
  proto::Batch narrow = sample_batch(range(0));
  narrow.columns.pop_back();
  book_.receive({"a"}, proto::Filled{leases[0].number, sample_meta().fingerprint, narrow}, now_);
  EXPECT_TRUE(book_.take_arrivals().empty());
  EXPECT_EQ(book_.counters().foreign, 1U);
  EXPECT_EQ(book_.counters().duplicates, 1U);  // the first one lost it its lease
  const auto again = sent<proto::Lease>("a");
  ASSERT_EQ(again.size(), 1U);
  answer("a", again[0]);
  EXPECT_EQ(book_.take_arrivals().size(), 1U);
}

/// The samples of a lease, with a time that no sample can have.
proto::Filled with_bad_time(const proto::Lease& lease) {
  proto::BatchBuffer buffer = proto::make_batch(testing::sample_schema(), lease.range);
  testing::fill_sample(lease.range, buffer.view);
  buffer.view.values<float>(2)[3] = -5.0F;
  return {lease.number, sample_meta().fingerprint, buffer.batch};
}

TEST_F(LeaseBookTest, AnswersWithValuesThatTheMetaDoesNotAllowAreDroppedAndTheirSenderRefused) {
  hello("a");
  book_.request(range(0));
  for (int strike = 1; strike <= 8; ++strike) {
    const auto leases = sent<proto::Lease>("a");
    ASSERT_EQ(leases.size(), 1U) << strike;
    book_.receive({"a"}, with_bad_time(leases[0]), now_);
    EXPECT_EQ(book_.counters().foreign, static_cast<std::uint64_t>(strike));
  }
  const auto reports = book_.take_reports();
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_TRUE(testing::contains(reports[0], "t of train sample 3 is -5: times are above 0"));
  const auto refusals = sent<proto::Refuse>("a");
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_TRUE(testing::contains(refusals[0].reason, "t of train sample 3 is -5"));
  EXPECT_EQ(book_.producers(), 0U);
  EXPECT_TRUE(book_.take_arrivals().empty());
  hello("b");
  const auto leases = sent<proto::Lease>("b");
  ASSERT_EQ(leases.size(), 1U);
  answer("b", leases[0]);
  EXPECT_EQ(book_.take_arrivals().size(), 1U);
}

TEST_F(LeaseBookTest, AProducerWhoseOwnProbeHasSuchValuesIsRefused) {
  proto::BatchBuffer buffer = proto::make_batch(testing::sample_schema(), kProbe);
  testing::fill_sample(kProbe, buffer.view);
  buffer.view.values<std::uint8_t>(0)[7] = 200;
  proto::StreamMeta meta = sample_meta();
  meta.probe[0] = proto::probe_digest(meta.schema, buffer.batch);
  say_hello("a", 1, "", meta);
  const auto leases = sent<proto::Lease>("a");
  ASSERT_EQ(leases.size(), 1U);
  book_.receive({"a"}, proto::Filled{leases[0].number, meta.fingerprint, buffer.batch}, now_);
  const auto refusals = sent<proto::Refuse>("a");
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_TRUE(
      testing::contains(refusals[0].reason, "x of train sample 1 is 200: tokens are below 64"));
  EXPECT_EQ(book_.accepted(), std::nullopt);
}

TEST_F(LeaseBookTest, AnUnknownProducerIsAskedToSayHello) {
  book_.receive({"a"}, proto::Ping{kEpoch}, now_);
  EXPECT_EQ(sent<proto::SayHello>("a").size(), 1U);
  hello("a");
  book_.receive({"a"}, proto::Ping{kEpoch + 1}, now_);  // it was welcomed by an earlier start
  EXPECT_EQ(sent<proto::SayHello>("a").size(), 1U);
}

TEST_F(LeaseBookTest, ByeGivesLeasesBack) {
  hello("a");
  hello("b");
  book_.request(range(0));
  PeerId holder;
  each_lease([&](const PeerId& to, const proto::Lease&) { holder = to; });
  book_.receive({holder}, proto::Bye{}, now_);
  EXPECT_EQ(sent<proto::Lease>(holder == "a" ? "b" : "a").size(), 1U);
  EXPECT_EQ(book_.producers(), 1U);
}

}  // namespace
}  // namespace millrace::queue
