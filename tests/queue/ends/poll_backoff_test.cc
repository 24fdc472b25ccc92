#include "queue/ends/poll_backoff.h"

#include <gtest/gtest.h>

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;

TEST(PollBackoff, GrowsUntilSomethingIsFound) {
  PollBackoff interval(1ms);
  EXPECT_EQ(interval.next(), 250us);
  EXPECT_EQ(interval.next(), 500us);
  EXPECT_EQ(interval.next(), 1ms);
  EXPECT_EQ(interval.next(), 1ms);
  interval.found();
  EXPECT_EQ(interval.next(), 250us);
}

}  // namespace
}  // namespace millrace::queue
