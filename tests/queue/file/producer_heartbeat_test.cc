// Of several streams that match, a trainer takes one that is still made.
#include "queue/file/producer_heartbeat.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>

#include "queue/file/file_transport.h"
#include "tests/queue/folder_world.h"
#include "tests/support/fake_disk.h"
#include "tests/support/sample_expectation.h"
#include "tests/support/sample_stream.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kAtOnce{0};

class TwoStreams : public ::testing::Test {
 protected:
  TwoStreams() {
    newer_.dataset_hash = "ffffffffffffffff";
    newer_.fingerprint = proto::fingerprint_of(newer_);
  }
  [[nodiscard]] std::unique_ptr<ProducerEnd> producer(const proto::StreamMeta& meta) {
    return make_folder_producer_end("/q", meta, {}, disk_, [this] { return now_; });
  }
  [[nodiscard]] std::unique_ptr<ConsumerEnd> trainer(std::uint32_t rank = 0) {
    return make_folder_consumer_end("/q", testing::sample_expectation(),
                                    {.run_id = run_id("run"), .rank = rank}, disk_,
                                    [this] { return now_; });
  }
  /// What the trainer takes within five seconds, in which `alive` looks for work.
  std::optional<std::string> taken(ConsumerEnd& trainer, ProducerEnd* alive) {
    for (int i = 0; i < 50; ++i) {
      if (alive != nullptr) (void)alive->next(kAtOnce);
      if (const auto meta = trainer.wait_for_stream(kAtOnce)) return meta->fingerprint;
      now_ += 100ms;
    }
    return std::nullopt;
  }

  testing::FakeDisk disk_;
  Time now_{1h};
  proto::StreamMeta older_ = testing::sample_meta();
  proto::StreamMeta newer_ = testing::sample_meta();
};

TEST_F(TwoStreams, TheOneWithALivingProducerIsTakenAlthoughItIsOlder) {
  const auto alive = producer(older_);
  now_ += 1s;
  const auto dead = producer(newer_);
  (void)dead->next(kAtOnce);
  const auto end = trainer();
  EXPECT_EQ(taken(*end, alive.get()), older_.fingerprint);
}

TEST_F(TwoStreams, TheNewerOneIfBothOrNoneAreMade) {
  const auto first = producer(older_);
  now_ += 1s;
  const auto second = producer(newer_);
  const auto with_none = trainer();
  EXPECT_EQ(taken(*with_none, nullptr), newer_.fingerprint);
  const auto with_newer = trainer(1);  // which takes what rank 0 took
  EXPECT_EQ(with_newer->wait_for_stream(kAtOnce)->fingerprint, newer_.fingerprint);
}

TEST_F(TwoStreams, AnotherRankWaitsForTheChoiceOfRankZero) {
  const auto first = producer(older_);
  now_ += 1s;
  const auto second = producer(newer_);
  const auto other = trainer(1);
  EXPECT_EQ(taken(*other, first.get()), std::nullopt);
  EXPECT_NE(other->state().words.find("rank 0 has not chosen"), std::string::npos);
  const auto zero = trainer();
  EXPECT_EQ(taken(*zero, first.get()), older_.fingerprint);
  EXPECT_EQ(taken(*other, nullptr), older_.fingerprint);
}

TEST(ProducerHeartbeat, TheFileGoesWithItsProducer) {
  testing::FakeDisk disk;
  const Folder folder("/q", "00000000000000ff", disk);
  {
    ProducerHeartbeat heartbeat(folder);
    heartbeat.beat(Time{1h});
    EXPECT_EQ(disk.list(folder.producers()).size(), 1U);
  }
  EXPECT_TRUE(disk.list(folder.producers()).empty());
}

}  // namespace
}  // namespace millrace::queue
