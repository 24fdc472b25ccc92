// Pauses between polls.
#include "queue/ends/poll_backoff.h"

#include <gtest/gtest.h>

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;

TEST(PollBackoff, GrowsUntilSomethingIsFound) {
  PollBackoff backoff(1ms);
  EXPECT_EQ(backoff.next(), 250us);
  EXPECT_EQ(backoff.next(), 500us);
  EXPECT_EQ(backoff.next(), 1ms);
  EXPECT_EQ(backoff.next(), 1ms);
  backoff.found();
  EXPECT_EQ(backoff.next(), 250us);
}

}  // namespace
}  // namespace millrace::queue
