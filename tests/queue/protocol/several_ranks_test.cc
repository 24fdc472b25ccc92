// Several ranks over tcp:// and ipc://: producers know only rank 0's address and serve all ranks.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "queue/transports.h"
#include "tests/support/free_address.h"
#include "tests/support/messages.h"
#include "tests/support/sample_expectation.h"
#include "tests/support/sample_stream.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/worker.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;
using testing::sample_meta;

constexpr auto kLongEnough = 20s;

class SeveralRanks : public ::testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<ConsumerEnd> rank(std::uint32_t number, const std::string& run = "run") const {
    ConsumerPlan plan;
    plan.run_id = run;
    plan.rank_secret = std::string(64, '7');
    plan.rank = number;
    plan.advertise = GetParam() == "advertised" ? "localhost" : "";
    plan.train_window = {.samples = 4096};
    return open_consumer_end(uri_, testing::sample_expectation(), plan);
  }
  std::unique_ptr<testing::Worker> producer() const {
    return std::make_unique<testing::Worker>(
        open_producer_end(uri_, sample_meta(), {.capacity = 1}));
  }
  /// Expects `end` to receive range k while the other ranks run, too.
  static void expect_a_batch(ConsumerEnd& end, const std::vector<ConsumerEnd*>& all,
                             std::uint64_t k) {
    const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
    const auto run_others = [&] {
      for (ConsumerEnd* other : all) {
        if (other == &end) continue;
        EXPECT_EQ(other->receive(10ms), std::nullopt);
      }
    };
    for (; !end.wait_for_stream(50ms); run_others()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << end.state().words;
    }
    const proto::Range range{
        proto::Split::kTrain, k * end.range_samples(), end.range_samples(), {}};
    end.request(range);
    std::optional<proto::Batch> batch;
    while (!batch) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << end.state().words;
      run_others();
      batch = end.receive(50ms);
    }
    EXPECT_TRUE(testing::same_bytes(*batch, testing::sample_batch(range)));
  }

  testing::TemporaryFolder folder_;
  Uri uri_ = parse_uri(GetParam() == "ipc" ? "ipc://" + (folder_ / "race.sock").string()
                                           : testing::free_tcp_address());
};

TEST_P(SeveralRanks, ProducersFindThemAllThroughRankZero) {
  const auto early = producer();  // before anybody listens
  const auto first = rank(0);
  const auto second = rank(1);
  const auto third = rank(2);
  const std::vector all = {first.get(), second.get(), third.get()};
  for (ConsumerEnd* end : all) expect_a_batch(*end, all, 0);
  const auto late = producer();
  for (ConsumerEnd* end : {third.get(), second.get(), first.get()}) expect_a_batch(*end, all, 1);
}

TEST_P(SeveralRanks, AfterARestartOfTheTrainerTheyAreFoundAgain) {
  const auto one = producer();
  for (int start = 0; start < 3; ++start) {
    SCOPED_TRACE(start);
    const auto first = rank(0);
    const auto second = rank(1);
    const std::vector all = {first.get(), second.get()};
    expect_a_batch(*second, all, 0);
    expect_a_batch(*first, all, 1);
  }
}

TEST_P(SeveralRanks, ARankOfAnotherRunLearnsThatItIsRefused) {
  const auto first = rank(0);
  const auto stray = rank(1, "another");
  const std::string error = testing::message_of<std::runtime_error>([&] {
    const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
    while (std::chrono::steady_clock::now() < deadline) {
      (void)first->wait_for_stream(10ms);
      (void)stray->wait_for_stream(50ms);
    }
  });
  EXPECT_TRUE(testing::contains(error, "rank 0 refused rank 1"));
}

TEST_P(SeveralRanks, WithoutRankZeroTheOthersSayWhatTheyWaitFor) {
  const auto second = rank(1);
  EXPECT_EQ(second->wait_for_stream(50ms), std::nullopt);
  EXPECT_TRUE(testing::contains(second->state().words, "no answer from rank 0 at " + uri_.text));
}

INSTANTIATE_TEST_SUITE_P(All, SeveralRanks, ::testing::Values("tcp", "ipc", "advertised"),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace millrace::queue
