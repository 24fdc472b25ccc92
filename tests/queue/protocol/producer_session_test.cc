// The producer's side of the protocol: when it says Hello.
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

}  // namespace
}  // namespace millrace::queue
