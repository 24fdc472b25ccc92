#include "telemetry/wait_attribution.h"

#include <gtest/gtest.h>

#include <numeric>

#include "telemetry/stream_metrics.h"

namespace millrace::telemetry {
namespace {

class Blame : public ::testing::Test {
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
  WaitAttribution blame_{metrics_.wait_seconds};
};

TEST_F(Blame, ChargesWhatIsKnownAtOnce) {
  blame_.waited(WaitCause::kNoProducer, 1.0);
  blame_.waited(WaitCause::kDisk, 0.5);
  blame_.waited(WaitCause::kConsumer, 0.25);
  EXPECT_EQ(seconds(WaitCause::kNoProducer), 1.0);
  EXPECT_EQ(seconds(WaitCause::kDisk), 0.5);
  EXPECT_EQ(seconds(WaitCause::kConsumer), 0.25);
  EXPECT_EQ(all_seconds(), 1.75);
}

TEST_F(Blame, TellsProviderFromLinkByTheAnswer) {
  blame_.waited(WaitCause::kProvider, 2.0);
  blame_.waited(WaitCause::kProvider, 1.0);
  EXPECT_EQ(all_seconds(), 0.0);
  blame_.arrived(0.5);
  EXPECT_EQ(seconds(WaitCause::kProvider), 2.5);
  EXPECT_EQ(seconds(WaitCause::kLink), 0.5);
}

// The trainer began to wait when the range was nearly there: it can blame the link for no more than
// it waited.
TEST_F(Blame, ChargesNoMoreThanWasWaited) {
  blame_.waited(WaitCause::kProvider, 0.25);
  blame_.arrived(3.0);
  EXPECT_EQ(seconds(WaitCause::kLink), 0.25);
  blame_.waited(WaitCause::kProvider, 0.25);
  blame_.arrived(-1.0);  // two clocks that do not quite agree
  EXPECT_EQ(seconds(WaitCause::kProvider), 0.25);
  EXPECT_EQ(all_seconds(), 0.5);
}

TEST_F(Blame, ShowsAProviderThatNeverAnswers) {
  for (int i = 0; i < 120; ++i) blame_.waited(WaitCause::kProvider, 0.25);
  EXPECT_EQ(seconds(WaitCause::kProvider), 30.0 - WaitAttribution::kHeldBackAtMost_s);
  blame_.arrived(0.0);
  EXPECT_EQ(seconds(WaitCause::kProvider), 30.0);
}

TEST_F(Blame, ChargesAnAnswerOnce) {
  blame_.waited(WaitCause::kProvider, 1.0);
  blame_.arrived(0.0);
  blame_.arrived(1.0);
  EXPECT_EQ(all_seconds(), 1.0);
  EXPECT_EQ(seconds(WaitCause::kLink), 0.0);
}

}  // namespace
}  // namespace millrace::telemetry
