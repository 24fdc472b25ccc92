// Seconds of waiting, by cause.
#include "telemetry/wait_attribution.h"

#include <gtest/gtest.h>

#include <numeric>

#include "telemetry/stream_metrics.h"

namespace millrace::telemetry {
namespace {

class WaitAttributionTest : public ::testing::Test {
 protected:
  double seconds(WaitCause cause) const {
    return metrics_.wait_seconds[static_cast<std::size_t>(cause)].get().value();
  }
  double all_seconds() const {
    double sum = 0;
    for (const WaitCause cause : kWaitCauses) sum += seconds(cause);
    return sum;
  }

  Registry registry_;
  ConsumerMetrics metrics_{registry_};
  WaitAttribution attribution_{metrics_.wait_seconds};
};

TEST_F(WaitAttributionTest, ChargesKnownCausesAtOnce) {
  attribution_.waited(WaitCause::kNoProducer, 1.0);
  attribution_.waited(WaitCause::kDisk, 0.5);
  attribution_.waited(WaitCause::kConsumer, 0.25);
  EXPECT_EQ(seconds(WaitCause::kNoProducer), 1.0);
  EXPECT_EQ(seconds(WaitCause::kDisk), 0.5);
  EXPECT_EQ(seconds(WaitCause::kConsumer), 0.25);
  EXPECT_EQ(all_seconds(), 1.75);
}

TEST_F(WaitAttributionTest, TellsProviderFromLinkByTheAnswer) {
  attribution_.waited(WaitCause::kProvider, 2.0);
  attribution_.waited(WaitCause::kProvider, 1.0);
  EXPECT_EQ(all_seconds(), 0.0);
  attribution_.arrived(0.5);
  EXPECT_EQ(seconds(WaitCause::kProvider), 2.5);
  EXPECT_EQ(seconds(WaitCause::kLink), 0.5);
}

// If the trainer began to wait when the range was nearly there, the link gets no more than the
// wait.
TEST_F(WaitAttributionTest, ChargesNoMoreThanWasWaited) {
  attribution_.waited(WaitCause::kProvider, 0.25);
  attribution_.arrived(3.0);
  EXPECT_EQ(seconds(WaitCause::kLink), 0.25);
  attribution_.waited(WaitCause::kProvider, 0.25);
  attribution_.arrived(-1.0);  // two clocks that do not quite agree
  EXPECT_EQ(seconds(WaitCause::kProvider), 0.25);
  EXPECT_EQ(all_seconds(), 0.5);
}

TEST_F(WaitAttributionTest, ShowsAProviderThatNeverAnswers) {
  for (int i = 0; i < 120; ++i) attribution_.waited(WaitCause::kProvider, 0.25);
  EXPECT_EQ(seconds(WaitCause::kProvider), 30.0 - WaitAttribution::kHeldBackAtMost_s);
  attribution_.arrived(0.0);
  EXPECT_EQ(seconds(WaitCause::kProvider), 30.0);
}

TEST_F(WaitAttributionTest, ChargesAnAnswerOnce) {
  attribution_.waited(WaitCause::kProvider, 1.0);
  attribution_.arrived(0.0);
  attribution_.arrived(1.0);
  EXPECT_EQ(all_seconds(), 1.0);
  EXPECT_EQ(seconds(WaitCause::kLink), 0.0);
}

}  // namespace
}  // namespace millrace::telemetry
