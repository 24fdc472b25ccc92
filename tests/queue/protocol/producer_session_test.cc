// The producer's side of the protocol: when it says Hello, and the leases that it does not take.
#include "queue/protocol/producer_session.h"

#include <gtest/gtest.h>

#include "tests/support/sample_stream.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;

class ProducerSessionTest : public ::testing::Test {
 protected:
  bool says_hello_at(std::chrono::milliseconds time) {
    session_.tick(Time{} + time);
    const auto outgoing = session_.take_outgoing();
    return outgoing.size() == 1 && std::holds_alternative<proto::Hello>(outgoing[0]);
  }

  ProducerSession session_{proto::Hello{testing::sample_meta(), 1}};
};

TEST_F(ProducerSessionTest, SendsHelloEveryHalfSecondUntilItIsAnswered) {
  EXPECT_TRUE(says_hello_at(0ms));
  EXPECT_FALSE(says_hello_at(499ms));
  EXPECT_TRUE(says_hello_at(500ms));
  session_.receive(proto::Welcome{.epoch = 7}, {});
  EXPECT_FALSE(says_hello_at(1000ms));
}

TEST_F(ProducerSessionTest, AHelloThatCouldNotBeSentIsSentAgainAtOnce) {
  EXPECT_TRUE(says_hello_at(0ms));
  session_.unreachable();
  EXPECT_TRUE(says_hello_at(50ms));
}

TEST_F(ProducerSessionTest, ALeaseThatTheStreamCannotHaveIsAnsweredAtOnce) {
  session_.receive(proto::Welcome{.epoch = 7}, {});
  const std::pair<proto::Range, const char*> cases[] = {
      {{proto::Split::kTrain, 0, 5'000'000, {}}, "64 MiB of one lease"},
      {{proto::Split::kVal, 99, 2, {}}, "the val split has 100 samples"},
      {{proto::Split::kVal, std::uint64_t{1} << 40, 10, {}}, "the val split has 100 samples"},
      {{proto::Split::kTest, 0, 1, {}}, "the test split has 0 samples"},
      {{proto::Split::kTrain, 0, 1, 200}, "stage 200 of train is not one of the 1"},
  };
  for (std::uint64_t number = 0; const auto& [range, reason] : cases) {
    session_.receive(proto::Lease{++number, range}, {});
    const auto outgoing = session_.take_outgoing();
    ASSERT_EQ(outgoing.size(), 1U) << reason;
    const auto& failed = std::get<proto::Failed>(outgoing[0]);
    EXPECT_EQ(failed.lease, number);
    EXPECT_NE(failed.reason.find(reason), std::string::npos) << failed.reason;
  }
  EXPECT_TRUE(session_.take_leases().empty());
  EXPECT_EQ(session_.open_leases(), 0U);
}

TEST_F(ProducerSessionTest, HoldsAStatedNumberOfLeases) {
  session_.receive(proto::Welcome{.epoch = 7}, {});
  for (std::uint64_t number = 1; number <= 2 * proto::kMaxHeldLeases; ++number) {
    session_.receive(proto::Lease{number, {proto::Split::kTrain, number, 1, {}}}, {});
  }
  EXPECT_EQ(session_.take_leases().size(), proto::kMaxHeldLeases);
}

}  // namespace
}  // namespace millrace::queue
