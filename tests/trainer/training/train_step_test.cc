// Recorded steps against plain ones. A rehearsal stands for a graph: it keeps the first work that
// it is given and does that ever after, so what a recording reads must lie where it lay at first.
#include "trainer/training/train_step.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "config/errors.h"
#include "config/recipe.h"
#include "tests/support/masked_stream.h"

namespace millrace::trainer {
namespace {

constexpr std::uint32_t kBatch = 8;
constexpr std::uint64_t kSteps = 12;
constexpr std::uint32_t kMicroBatches = 2;

class Rehearsal : public CudaGraph {
 public:
  void run(const std::function<void()>& work) override {
    if (!first_) first_ = work;
    first_();
  }

 private:
  std::function<void()> first_;
};

config::Options recipe(double ema) {
  config::Options options = config::default_options();
  options.model = {.n_layer = 1, .n_head = 2, .n_embd = 16, .dropout = 0.1};
  config::TrainOptions& train = options.train;
  train.batch_size = kBatch, train.gradient_accumulation_steps = kMicroBatches;
  train.warmup_iters = 3, train.learning_rate = 0.01, train.ema = ema;
  return options;
}

struct Learned {
  std::vector<double> losses, norms;
  std::vector<torch::Tensor> tensors;  ///< parameters and averages
  int recordings = 0;
};

Learned learn(double ema, bool recorded) {
  const config::Options options = recipe(ema);
  testing::MaskedSource source;
  ProcessGroup alone({}, 60);
  Learned found;
  const GraphFactory rehearse = [&found] {
    return ++found.recordings, std::make_unique<Rehearsal>();
  };
  Learner learner(options, source.meta(), torch::kCPU, {torch::kFloat64}, alone,
                  recorded ? rehearse : GraphFactory());
  StepLoader feed(source, learner.objective(), alone, torch::kCPU);
  learner.model().train();
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    const std::uint64_t first = step * kBatch * kMicroBatches;
    const auto batch = feed.step({{first, kBatch}, {first + kBatch, kBatch}});
    const StepNumbers numbers = learner.step(batch.value(), step, 7).numbers();
    found.losses.push_back(numbers.loss), found.norms.push_back(numbers.grad_norm);
  }
  for (const torch::Tensor& parameter : learner.model().parameters()) {
    found.tensors.push_back(parameter.detach());
  }
  if (learner.ema() != nullptr) {
    for (const auto& [name, tensor] : learner.ema()->state()) {
      found.tensors.push_back(tensor);
    }
  }
  return found;
}

TEST(Learner, RecordedStepsComeToWhatPlainOnesDo) {
  for (const double ema : {0.0, 0.9}) {
    const Learned plain = learn(ema, false), recorded = learn(ema, true);
    EXPECT_EQ(plain.recordings, 0);
    EXPECT_GT(recorded.recordings, 2)
        << "batches with fewer chosen positions and with more, and what follows the passes";
    EXPECT_LT(recorded.recordings, static_cast<int>(kSteps)) << "each is used again and again";
    for (std::size_t i = 0; i < kSteps; ++i) {
      EXPECT_NEAR(plain.losses[i], recorded.losses[i], 1e-12) << i;
      EXPECT_NEAR(plain.norms[i], recorded.norms[i], 1e-12) << i;
    }
    EXPECT_GT(std::set<double>(plain.losses.begin(), plain.losses.end()).size(), kSteps / 2);
    ASSERT_EQ(plain.tensors.size(), recorded.tensors.size());
    for (std::size_t i = 0; i < plain.tensors.size(); ++i) {
      EXPECT_LT((plain.tensors[i] - recorded.tensors[i]).abs().max().item<double>(), 1e-12) << i;
    }
  }
}

TEST(Learner, GraphsAreForAGpu) {
  config::TrainOptions train;
  EXPECT_FALSE(graph_factory(train, torch::kCPU));
  train.cuda_graphs = true;
  try {
    (void)graph_factory(train, torch::kCPU);
    FAIL() << "it was not refused";
  } catch (const config::UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "train.cuda_graphs = true, but the device is cpu; set --train.cuda_graphs=false");
  }
}

/// −1 stands for no position.
TEST(Positions, ThatAreNoneCountNowhere) {
  const auto values = torch::arange(6, torch::kFloat64).view({2, 3});
  const auto chosen = torch::tensor({{false, true, false}, {true, false, true}});
  const Positions exact(chosen),
      filled(torch::cat({Positions(chosen).numbers(), torch::tensor({-1, -1})}), 2, 3);
  const auto by_sample = torch::tensor({10.0, 20.0}, torch::kFloat64);
  EXPECT_TRUE(torch::equal(exact.gather(values), torch::tensor({1.0, 3.0, 5.0}, torch::kFloat64)));
  EXPECT_TRUE(torch::equal(filled.gather(values).narrow(0, 0, 3), exact.gather(values)));
  EXPECT_TRUE(
      torch::equal(filled.gather_by_sample(by_sample).narrow(0, 0, 3), exact.gather_by_sample(by_sample)));
  EXPECT_TRUE(torch::equal(exact.sum_by_sample(torch::ones({3})), torch::tensor({1.0F, 2.0F})));
  EXPECT_TRUE(torch::equal(filled.sum_by_sample(torch::tensor({1.0F, 1.0F, 1.0F, 7.0F, 7.0F})),
                           torch::tensor({1.0F, 2.0F})));
}

}  // namespace
}  // namespace millrace::trainer
