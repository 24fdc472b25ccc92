// What several ranks do together gives what one does alone: sums, gradients, evaluations, and
// decisions.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <thread>

#include "config/app/stop.h"
#include "config/errors.h"
#include "config/recipe.h"
#include "tests/support/free_address.h"
#include "tests/support/masked_stream.h"
#include "tests/support/messages.h"
#include "trainer/distributed/rank_status.h"
#include "trainer/evaluation/validation_loss.h"
#include "trainer/models/bidirectional_transformer.h"
#include "trainer/objectives/masked_lm.h"
#include "trainer/training/start.h"
#include "trainer/training/train_step.h"

namespace millrace::trainer {
namespace {

using testing::free_port;
using testing::MaskedSource;

constexpr std::uint32_t kTimeoutS = 30;
const Precision kExact{torch::kFloat64};

// As in every program of ours: what a rank writes to one that has left is an error.
[[maybe_unused]] const auto kIgnored = std::signal(SIGPIPE, SIG_IGN);

/// Runs `body` as each of `world` ranks, in threads; rethrows nothing: a body that throws fails the
/// test.
void as_ranks(std::uint32_t world, const std::function<void(ProcessGroup&)>& body) {
  const std::uint16_t port = world > 1 ? free_port() : 0;
  std::vector<std::thread> threads;
  for (std::uint32_t rank = 0; rank < world; ++rank) {
    threads.emplace_back([&, rank] {
      try {
        ProcessGroup ranks(
            {.rank = rank, .world_size = world, .local_rank = rank, .master_port = port},
            kTimeoutS);
        body(ranks);
        ranks.shutdown("the end of a test");
      } catch (const std::exception& error) {
        ADD_FAILURE() << "rank " << rank << ": " << error.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

std::shared_ptr<Model> exact_model() {
  static std::mutex one_at_a_time;  // the default generator is shared
  const std::lock_guard lock(one_at_a_time);
  torch::manual_seed(7);
  auto model = make_bidirectional_transformer(
      {.vocab_size = 11, .block_size = 12, .n_layer = 2, .n_head = 2, .n_embd = 16});
  model->to(torch::kFloat64);
  return model;
}

/// A step of the same model.
std::unique_ptr<TrainStep> exact_step(ProcessGroup& ranks) {
  static const config::Options options = [] {
    config::Options recipe = config::default_options();
    recipe.model = {.n_layer = 2, .n_head = 2, .n_embd = 16, .dropout = 0.0};
    return recipe;
  }();
  static std::mutex one_at_a_time;  // the default generator is shared
  const std::lock_guard lock(one_at_a_time);
  return std::make_unique<TrainStep>(options, testing::masked_meta(), torch::kCPU, kExact, ranks);
}

struct Summed {
  std::vector<torch::Tensor> values;
  double loss = 0.0;
};

/// The gradient of train samples [0, 32) in pieces of these sizes over so many ranks, as rank 0
/// sees it.
Summed gradient_of(const std::vector<std::uint32_t>& pieces, std::uint32_t world,
                   std::optional<double> loss_scale = std::nullopt) {
  Summed result;
  as_ranks(world, [&](ProcessGroup& ranks) {
    MaskedSource source({8});
    const auto step = exact_step(ranks);
    if (loss_scale) {
      step->loss_scale() = LossScale({torch::kFloat16}, torch::kCPU);
      step->loss_scale().restore(*loss_scale, 0);
    }
    StepLoader loader(source, step->objective(), ranks, torch::kCPU);
    std::vector<consumer::Slice> slices;
    std::uint64_t first = 0;
    for (std::size_t i = 0; i < pieces.size(); first += pieces[i++]) {
      if (i % world == ranks.rank()) {
        slices.push_back({first, pieces[i]});
      }
    }
    const auto batch = loader.step(slices);
    const torch::Tensor& loss = step->compute_gradient(batch.value());
    if (ranks.is_rank0()) result = {gradients_of(step->model()), loss.item<double>()};
  });
  return result;
}

double distance(const Summed& a, const Summed& b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    largest = std::max(largest, (a.values[i] - b.values[i]).abs().max().item<double>());
  }
  return largest;
}

TEST(Gradient, DoesNotDependOnHowTheGlobalBatchIsCut) {
  const Summed whole = gradient_of({32}, 1);
  ASSERT_GT(whole.values[0].abs().max().item<double>(), 1e-3);
  for (const auto& [pieces, world] :
       std::vector<std::pair<std::vector<std::uint32_t>, std::uint32_t>>{{{8, 8, 8, 8}, 1},
                                                                         {{5, 27}, 1},
                                                                         {{16, 16}, 2},
                                                                         {{5, 27}, 2},
                                                                         {{8, 8, 8, 8}, 3},
                                                                         {{32}, 2}}) {
    const Summed cut = gradient_of(pieces, world);
    EXPECT_LT(distance(whole, cut), 1e-12) << pieces.size() << " pieces over " << world << " ranks";
    EXPECT_NEAR(whole.loss, cut.loss, 1e-12);
  }
}

TEST(Gradient, IsScaledByTheLossScaleAndTheLossIsNot) {
  const Summed one = gradient_of({32}, 1), scaled = gradient_of({32}, 1, 1024.0);
  EXPECT_NEAR(one.loss, scaled.loss, 1e-12);
  EXPECT_LT((scaled.values[0] / 1024.0 - one.values[0]).abs().max().item<double>(), 1e-12);
}

TEST(Gradient, OfABatchWithoutTargetsIsZero) {
  as_ranks(1, [](ProcessGroup& ranks) {
    MaskedSource source;
    const auto step = exact_step(ranks);
    StepLoader loader(source, step->objective(), ranks, torch::kCPU);
    const auto batch = loader.step({{5, 1}});
    EXPECT_EQ(step->compute_gradient(batch.value()).item<double>(), 0.0);
    for (const auto& gradient : gradients_of(step->model())) {
      EXPECT_EQ(gradient.abs().max().item<double>(), 0.0);
    }
  });
}

ValidationResult evaluation_over(std::uint32_t world, std::uint32_t batch_size) {
  ValidationResult result;
  as_ranks(world, [&](ProcessGroup& ranks) {
    MaskedSource source;
    const auto objective = make_masked_lm(-100);
    StepLoader loader(source, *objective, ranks, torch::kCPU);
    const auto model = exact_model();
    const ValidationPlan plan{
        proto::Split::kVal, 21, {batch_size, 1, ranks.rank(), world}, kExact, torch::kCPU};
    std::uint32_t seen = 0;
    const auto all = measure_validation_loss(*model, *objective, source.meta(), loader, ranks, plan,
                                             [&](const proto::Batch& b) { seen += b.range.count; });
    EXPECT_EQ(seen, consumer::share(plan.sharding, 0, 21).count);
    EXPECT_TRUE(model->is_training());
    if (ranks.is_rank0()) result = all.value();
  });
  return result;
}

TEST(Evaluation, DoesNotDependOnRanksOrBatches) {
  const ValidationResult one = evaluation_over(1, 21);
  EXPECT_EQ(one.samples, 21U);
  ASSERT_EQ(one.stages.size(), 2U);
  EXPECT_EQ(one.stages[0].stage, "few");
  EXPECT_EQ(one.stages[0].samples, 11U);
  EXPECT_EQ(one.stages[1].samples, 10U);
  EXPECT_LT(std::min(one.stages[0].loss, one.stages[1].loss), one.loss);
  EXPECT_GT(std::max(one.stages[0].loss, one.stages[1].loss), one.loss);
  EXPECT_GE(one.metrics.at("accuracy"), 0.0);
  for (const auto& [world, batch_size] :
       {std::pair(1U, 4U), std::pair(2U, 4U), std::pair(3U, 21U)}) {
    const ValidationResult other = evaluation_over(world, batch_size);
    EXPECT_NEAR(other.loss, one.loss, 1e-12);
    EXPECT_NEAR(other.stages[1].loss, one.stages[1].loss, 1e-12);
    EXPECT_EQ(other.metrics, one.metrics);
  }
}

TEST(Evaluation, TakesNoMoreThanTheSplitHas) {
  EXPECT_EQ(evaluation_samples(testing::masked_meta(), proto::Split::kVal, 5, 8, ""), 40U);
  EXPECT_EQ(evaluation_samples(testing::masked_meta(), proto::Split::kVal, 50, 8, ""), 100U);
  EXPECT_THROW((void)evaluation_samples(testing::masked_meta(), proto::Split::kTest, 5, 8, ""),
               std::runtime_error);
}

TEST(StepLoader, AFailureOfOneRankEndsAll) {
  std::atomic<int> told{0};
  as_ranks(2, [&](ProcessGroup& ranks) {
    MaskedSource source({}, 4);
    const auto objective = make_masked_lm(-100);
    StepLoader loader(source, *objective, ranks, torch::kCPU);
    try {
      (void)loader.step({{ranks.rank() * 4, 4}});
      ADD_FAILURE() << "rank " << ranks.rank() << " went on";
    } catch (const std::runtime_error& error) {
      const std::string expected = ranks.rank() == 1 ? "sample 4 cannot be had"
                                                     : "another rank failed at the start of a step";
      EXPECT_EQ(std::string(error.what()).rfind(expected, 0), 0U) << error.what();
      ++told;
    }
  });
  EXPECT_EQ(told, 2);
}

TEST(ProcessGroup, SumsAndBroadcastsTensorsOfMixedTypes) {
  as_ranks(3, [](ProcessGroup& ranks) {
    const double r = ranks.rank();
    std::vector<torch::Tensor> tensors{torch::full({2, 2}, r), torch::full({}, r, torch::kFloat64),
                                       torch::full({3}, r, torch::kFloat64)};
    ranks.all_reduce_sum(tensors, "a test");
    for (const auto& tensor : tensors) {
      EXPECT_TRUE(torch::equal(tensor, torch::full_like(tensor, 3.0)));
    }
    tensors[0].fill_(r + 5);
    ranks.broadcast(tensors, "a test");
    EXPECT_TRUE(torch::equal(tensors[0], torch::full({2, 2}, 5.0)));
    EXPECT_EQ(ranks.broadcast(ranks.is_rank0() ? "told" : "", "a test"), "told");
    EXPECT_EQ(ranks.broadcast("", "a test"), "");
  });
}

TEST(ProcessGroup, ShutsDownCleanlyTwentyTimes) {
  for (int i = 0; i < 20; ++i) as_ranks(3, [](ProcessGroup&) {});
}

/// A rank whose process ends without a word: the rank that waits for it says so after its own
/// timeout. The rank that leaves has a long one, so that a machine that stalls at the start does
/// not end it.
TEST(ProcessGroup, ARankThatLeavesBeforeTheEndIsReported) {
  constexpr std::uint32_t kPatienceS = 5;
  const std::uint16_t port = free_port();
  const auto group = [port](std::uint32_t rank, std::uint32_t timeout_s) {
    return ProcessGroup({.rank = rank, .world_size = 2, .master_port = port}, timeout_s);
  };
  std::future<void> leaving =
      std::async(std::launch::async, [&] { const ProcessGroup silent = group(1, kTimeoutS); });
  ProcessGroup waiting = group(0, kPatienceS);
  leaving.get();
  try {
    waiting.shutdown("the end");
    FAIL() << "rank 0 ended as if rank 1 had been there";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(
        std::string(error.what()).rfind("rank 0 of 2 waited for the other ranks at the end", 0), 0U)
        << error.what();
  }
}

/// What a rank says whose process meets the others, `late` after rank 1 did.
std::string said_of_the_start(std::uint32_t rank, std::uint32_t world, std::uint16_t port,
                              std::uint32_t timeout_s, std::chrono::milliseconds late) {
  std::this_thread::sleep_for(late);
  try {
    const ProcessGroup ranks({.rank = rank, .world_size = world, .master_port = port}, timeout_s);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST(ProcessGroup, ARankSaysHowFarTheMeetingCame) {
  constexpr std::uint32_t kPatienceS = 3;
  const std::uint16_t port = free_port();
  auto first = std::async(std::launch::async, said_of_the_start, 0, 3, port, kPatienceS,
                          std::chrono::milliseconds(2000));
  const std::string second = said_of_the_start(1, 3, port, kPatienceS, {});
  EXPECT_NE(second.find("rank 0's store answers, but not all ranks have come"), std::string::npos)
      << second;
  EXPECT_NE(first.get().find("nothing was heard of rank 2"), std::string::npos);
}

TEST(ProcessGroup, ThatHasEndedEndsNotAgain) {
  ProcessGroup alone({}, kTimeoutS);
  alone.shutdown("the end of a test");
  EXPECT_THROW(alone.shutdown("the end of a test"), std::logic_error);
}

TEST(RankStatus, ARanksOwnErrorIsNotLostWhereTheOthersHaveGone) {
  const std::uint16_t port = free_port();
  const auto group = [port](std::uint32_t rank) {
    return ProcessGroup({.rank = rank, .world_size = 2, .master_port = port}, 5);
  };
  std::future<void> leaving =
      std::async(std::launch::async, [&] { const ProcessGroup silent = group(1); });
  ProcessGroup staying = group(0);
  leaving.get();
  const std::string error = testing::message_of<std::runtime_error>([&] {
    (void)run_and_sync(
        staying, []() -> RankStatus { throw std::runtime_error("mine"); }, "a test");
  });
  EXPECT_EQ(error, "mine");
}

TEST(ProcessGroup, ARankThatNeverComesIsReported) {
  try {
    ProcessGroup alone({.rank = 0, .world_size = 2, .master_port = free_port()}, 1);
    FAIL() << "two ranks met although one never came";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what())
                  .rfind("rank 0 of 2 waited for the other ranks at the start, up to 1 s", 0),
              0U)
        << error.what();
  }
}

/// Where producers are of several builds, not all of them say it.
TEST(ProcessGroup, CountTheEpochsOfRankZero) {
  for (const std::uint64_t samples : {30, 0}) {
    as_ranks(3, [&](ProcessGroup& ranks) {
      proto::StreamMeta meta = testing::masked_meta();
      if (ranks.is_rank0() == (samples > 0)) meta.epoch_samples = 30;
      EXPECT_EQ(agreed_epoch_samples(meta, ranks),
                samples > 0 ? std::optional(samples) : std::nullopt);
    });
  }
}

/// How two ranks of one run meet: what each throws, in words, or "".
std::vector<std::string> met(const DistributedEnv& second_env, const RunFacts& first,
                             const RunFacts& second) {
  const std::uint16_t port = free_port();
  const auto meet = [port](DistributedEnv env, const RunFacts& facts,
                           std::uint32_t timeout_s) -> std::string {
    env.master_port = port;
    try {
      ProcessGroup ranks(env, timeout_s, facts);
      ranks.shutdown("the end of a test");
    } catch (const config::UsageError& error) {
      return std::string("usage: ") + error.what();
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  };
  auto other = std::async(std::launch::async, [&] { return meet(second_env, second, kTimeoutS); });
  const DistributedEnv env{.rank = 0, .world_size = 2, .job = "A_JOB=1"};
  const std::string said = meet(env, first, second_env.job == env.job ? kTimeoutS : 2);
  return {said, other.get()};
}

TEST(ProcessGroup, RanksOfDifferentRunsAreRefusedWithBothValues) {
  const DistributedEnv second{.rank = 1, .world_size = 2, .job = "A_JOB=1"};
  const RunFacts facts{{"train.batch_size", "4"}, {"train.seed", "7"}};
  EXPECT_EQ(met(second, facts, facts), std::vector<std::string>({"", ""}));
  RunFacts others = facts;
  others["train.batch_size"] = "8";
  others["--all"] = "a, b";
  const std::string refusal =
      "usage: the ranks are not of one run: --all is a, b on rank 1 and not set on rank 0; "
      "train.batch_size is 8 on rank 1 and 4 on rank 0; start all ranks with the same recipe, "
      "overrides and build";
  EXPECT_EQ(met(second, facts, others), std::vector<std::string>({refusal, refusal}));
}

TEST(ProcessGroup, ARankOfAnotherJobIsRefusedAndNotCounted) {
  const auto said = met({.rank = 1, .world_size = 2, .job = "A_JOB=2"}, {}, {});
  EXPECT_NE(said[1].find("usage: rank 0 at 127.0.0.1:"), std::string::npos) << said[1];
  EXPECT_NE(said[1].find("another job: A_JOB=1 there and A_JOB=2 here"), std::string::npos);
  EXPECT_NE(said[0].find("nothing was heard of rank 1"), std::string::npos) << said[0];
}

TEST(ProcessGroup, ASecondProcessOfTheSameRankIsRefused) {
  const std::uint16_t port = free_port();
  const auto group = [port](std::uint32_t rank) {
    return std::make_unique<ProcessGroup>(
        DistributedEnv{.rank = rank, .world_size = 3, .master_port = port}, 4);
  };
  const auto said = [&group](std::uint32_t rank) -> std::string {
    try {
      group(rank);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  };
  std::vector<std::future<std::string>> others;
  for (const std::uint32_t rank : {0U, 1U, 1U}) {
    others.push_back(std::async(std::launch::async, [&said, rank] { return said(rank); }));
  }
  const std::string first = others[0].get(), second = others[1].get(), third = others[2].get();
  EXPECT_NE(first.find("nothing was heard of rank 2"), std::string::npos) << first;
  EXPECT_NE((second + third).find("another process is rank 1 of the run at 127.0.0.1:"),
            std::string::npos)
      << second << '\n'
      << third;
}

/// Rank 0 works for longer than the timeout at what the other waits for.
TEST(ProcessGroup, LongWorkIsWaitedFor) {
  constexpr std::uint32_t kShortS = 2;
  const std::uint16_t port = free_port();
  const auto body = [port](std::uint32_t rank) {
    ProcessGroup ranks({.rank = rank, .world_size = 2, .master_port = port}, kShortS);
    ranks.barrier("the start of a test");
    {
      const LongWork work(ranks, "a test's work");
      if (rank == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5000));
      ranks.barrier("the end of the work");
    }
    ranks.shutdown("the end of a test");
  };
  auto other = std::async(std::launch::async, [&] { body(1); });
  EXPECT_NO_THROW(body(0));
  EXPECT_NO_THROW(other.get());
}

TEST(ProcessGroup, LongWorkIsNoStall) {
  telemetry::Health health(std::chrono::seconds(60));
  ProcessGroup ranks({}, kTimeoutS, {}, health);
  const auto in_an_hour = telemetry::Health::Clock::now() + std::chrono::hours(1);
  {
    const LongWork work(ranks, "saving a checkpoint");
    EXPECT_TRUE(health.report(in_an_hour).ok);
  }
  EXPECT_FALSE(health.report(in_an_hour).ok);
}

/// The work of a rank that itself waits does not count, or two would wait for the third for ever.
TEST(ProcessGroup, ARankThatIsMissingIsNotWaitedForBecauseOthersHaveWork) {
  constexpr std::uint32_t kShortS = 1;
  const std::uint16_t port = free_port();
  std::latch gave_up(2);
  std::vector<std::future<std::string>> said;
  for (std::uint32_t rank = 0; rank < 3; ++rank) {
    said.push_back(std::async(std::launch::async, [&, rank]() -> std::string {
      const auto count_down = [&](const void*) {
        if (rank < 2) gave_up.count_down();
      };
      const std::unique_ptr<const void, decltype(count_down)> at_the_end(&gave_up, count_down);
      ProcessGroup ranks({.rank = rank, .world_size = 3, .master_port = port}, kShortS);
      ranks.barrier("the start of a test");
      if (rank == 2) {
        gave_up.wait();
        return "";
      }
      const LongWork work(ranks, "a test's work");
      const std::string first =
          testing::message_of<std::runtime_error>([&] { ranks.barrier("a test"); });
      const std::string second =
          testing::message_of<std::runtime_error>([&] { ranks.barrier("another"); });
      EXPECT_NE(second.find("it gave up waiting for them before"), std::string::npos) << second;
      return first;
    }));
  }
  for (const std::uint32_t rank : {0U, 1U}) {
    const std::string error = said[rank].get();
    EXPECT_EQ(error.rfind("rank " + std::to_string(rank) +
                              " of 3 waited for the other ranks at a test, up to 1 s",
                          0),
              0U)
        << error;
  }
  said[2].get();
}

// Last: the flag cannot be taken back.
TEST(Stop, AllRanksHearOfItAtTheSameStepAndNoneMeetsAnyMore) {
  as_ranks(2, [](ProcessGroup& ranks) {
    ranks.barrier("the start of a test");
    config::request_stop();
    MaskedSource source;
    const auto objective = make_masked_lm(-100);
    StepLoader loader(source, *objective, ranks, torch::kCPU);
    EXPECT_FALSE(loader.step({{ranks.rank() * 4, 4}}).has_value());
    EXPECT_FALSE(loader.each(proto::Split::kVal, {{0, 4}}, [](const MicroBatch&) {}));
  });
  EXPECT_THROW(ProcessGroup({.rank = 0, .world_size = 2, .master_port = free_port()}, kTimeoutS),
               StoppedBeforeMeeting);
}

}  // namespace
}  // namespace millrace::trainer
