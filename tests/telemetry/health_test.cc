// When a process counts as ok, stalled and failed.
#include "telemetry/health.h"

#include <gtest/gtest.h>

namespace millrace::telemetry {
namespace {

using std::chrono::seconds;

TEST(Health, ReportsTheLastState) {
  Health health(seconds(60));
  EXPECT_EQ(health.report().json, "{\"status\":\"ok\",\"state\":\"starting\"}\n");
  health.alive("waiting for data: no producer at tcp://127.0.0.1:5555");
  EXPECT_TRUE(health.report().ok);
  EXPECT_EQ(
      health.report().json,
      "{\"status\":\"ok\",\"state\":\"waiting for data: no producer at tcp://127.0.0.1:5555\"}\n");
}

TEST(Health, IsStalledWhenTheMainLoopStops) {
  Health health(seconds(60));
  const auto now = Health::Clock::now();
  health.alive("step 7 of 12", now);
  EXPECT_TRUE(health.report(now + seconds(60)).ok);
  const Health::Report stalled = health.report(now + seconds(61));
  EXPECT_FALSE(stalled.ok);
  EXPECT_EQ(stalled.json,
            "{\"status\":\"stalled\",\"state\":\"no progress for 61 s after: step 7 of 12\"}\n");
  health.alive("step 8 of 12", now + seconds(62));
  EXPECT_TRUE(health.report(now + seconds(63)).ok);
}

TEST(Health, IsOkAtWorkThatTakesLong) {
  Health health(seconds(60));
  const auto now = Health::Clock::now();
  health.alive("step 7 of 12", now);
  health.begin_work("ending the run");
  health.begin_work("saving a checkpoint");
  EXPECT_EQ(health.report(now + seconds(60)).json,
            "{\"status\":\"ok\",\"state\":\"step 7 of 12\"}\n");
  EXPECT_TRUE(health.report(now + seconds(61)).ok);
  EXPECT_EQ(health.report(now + seconds(61)).json,
            "{\"status\":\"ok\",\"state\":\"saving a checkpoint for 61 s after: step 7 of 12\"}\n");
  health.end_work(now + seconds(100));
  EXPECT_TRUE(health.report(now + seconds(161)).ok);
  health.end_work(now + seconds(200));
  EXPECT_TRUE(health.report(now + seconds(260)).ok);
  EXPECT_FALSE(health.report(now + seconds(261)).ok);
}

TEST(Health, KeepsTheFirstFailure) {
  Health health(seconds(60));
  health.failed("disk \"a\" is full");
  health.failed("the queue is closed");
  health.alive("step 9 of 12");
  EXPECT_FALSE(health.report().ok);
  EXPECT_EQ(health.report().json, "{\"status\":\"failed\",\"state\":\"disk \\\"a\\\" is full\"}\n");
}

TEST(Health, ReplacesInvalidUtf8) {
  Health health(seconds(60));
  health.alive("file://\xff");
  EXPECT_EQ(health.report().json, "{\"status\":\"ok\",\"state\":\"file://\xef\xbf\xbd\"}\n");
}

}  // namespace
}  // namespace millrace::telemetry
