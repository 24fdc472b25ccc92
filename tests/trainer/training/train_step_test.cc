// Steps as CUDA graphs against plain steps. A rehearsal on the CPU stands for a graph: it keeps the
// first work that it is given and does that work ever after, so all that a graph reads and writes
// must stay where it lay at first.
#include "trainer/training/train_step.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "config/errors.h"
#include "config/recipe.h"
#include "tests/support/masked_stream.h"
#include "trainer/optim/learning_rate.h"

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

struct Trained {
  std::vector<double> losses, norms;
  std::vector<torch::Tensor> tensors;  ///< parameters and averages
  int graphs = 0;                      ///< made
};

Trained train(double ema, bool as_graphs) {
  const config::Options options = recipe(ema);
  testing::MaskedSource source;
  ProcessGroup alone({}, 60);
  Trained found;
  const GraphFactory rehearse = [&found] { return ++found.graphs, std::make_unique<Rehearsal>(); };
  TrainStep train_step(options, source.meta(), torch::kCPU, {torch::kFloat64}, alone,
                       as_graphs ? rehearse : GraphFactory());
  StepLoader loader(source, train_step.objective(), alone, torch::kCPU);
  train_step.model().train();
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    const std::uint64_t first = step * kBatch * kMicroBatches;
    const auto batch = loader.step({{first, kBatch}, {first + kBatch, kBatch}});
    const StepNumbers numbers = train_step.run(batch.value(), step, 7).numbers();
    EXPECT_EQ(numbers.learning_rate, learning_rate(options.train, step));
    found.losses.push_back(numbers.loss), found.norms.push_back(numbers.grad_norm);
  }
  for (const torch::Tensor& parameter : train_step.model().parameters()) {
    found.tensors.push_back(parameter.detach());
  }
  if (train_step.ema() != nullptr) {
    for (const auto& [name, tensor] : train_step.ema()->state()) {
      found.tensors.push_back(tensor);
    }
  }
  return found;
}

TEST(TrainStep, GraphedStepsEqualPlainOnes) {
  for (const double ema : {0.0, 0.9}) {
    const Trained plain = train(ema, false), graphed = train(ema, true);
    EXPECT_EQ(plain.graphs, 0);
    EXPECT_GT(graphed.graphs, 2)
        << "batches with fewer loss positions and with more, and what follows the passes";
    EXPECT_LT(graphed.graphs, static_cast<int>(kSteps)) << "each is used again and again";
    for (std::size_t i = 0; i < kSteps; ++i) {
      EXPECT_NEAR(plain.losses[i], graphed.losses[i], 1e-12) << i;
      EXPECT_NEAR(plain.norms[i], graphed.norms[i], 1e-12) << i;
    }
    EXPECT_GT(std::set<double>(plain.losses.begin(), plain.losses.end()).size(), kSteps / 2);
    ASSERT_EQ(plain.tensors.size(), graphed.tensors.size());
    for (std::size_t i = 0; i < plain.tensors.size(); ++i) {
      EXPECT_LT((plain.tensors[i] - graphed.tensors[i]).abs().max().item<double>(), 1e-12) << i;
    }
  }
}

TEST(TrainStep, CudaGraphsAreRefusedOnACpu) {
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
TEST(Positions, PaddingIsIgnored) {
  const auto values = torch::arange(6, torch::kFloat64).view({2, 3});
  const auto chosen = torch::tensor({{false, true, false}, {true, false, true}});
  const Positions exact(chosen),
      filled(torch::cat({Positions(chosen).numbers(), torch::tensor({-1, -1})}), 2, 3);
  const auto by_sample = torch::tensor({10.0, 20.0}, torch::kFloat64);
  EXPECT_TRUE(torch::equal(exact.gather(values), torch::tensor({1.0, 3.0, 5.0}, torch::kFloat64)));
  EXPECT_TRUE(torch::equal(filled.gather(values).narrow(0, 0, 3), exact.gather(values)));
  EXPECT_TRUE(torch::equal(filled.gather_by_sample(by_sample).narrow(0, 0, 3),
                           exact.gather_by_sample(by_sample)));
  EXPECT_TRUE(torch::equal(exact.sum_by_sample(torch::ones({3})), torch::tensor({1.0F, 2.0F})));
  EXPECT_TRUE(torch::equal(filled.sum_by_sample(torch::tensor({1.0F, 1.0F, 1.0F, 7.0F, 7.0F})),
                           torch::tensor({1.0F, 2.0F})));
}

}  // namespace
}  // namespace millrace::trainer
