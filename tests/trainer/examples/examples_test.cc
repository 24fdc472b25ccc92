// The examples of docs/how-to/add_an_objective.md and add_a_model.md: a model and an objective that
// are not built in, registered at run time and used by a recipe like any other. A program of its
// own, since the registries keep what is added.
#include <gtest/gtest.h>

#include <cmath>

#include "config/errors.h"
#include "config/recipe.h"
#include "proto/files.h"
#include "tests/support/columns.h"
#include "tests/support/masked_stream.h"
#include "tests/trainer/examples/focal_lm.h"
#include "tests/trainer/examples/mlp_model.h"
#include "trainer/training/train_step.h"

namespace millrace::trainer {
namespace {

/// Registers both, once.
class Examples : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    add_objective(focal_lm_objective());
    add_model(mlp_model());
  }
};

config::Options recipe() {
  config::Options options = config::default_options();
  options.model = {.architecture = "mlp", .n_layer = 1, .n_embd = 16};
  options.train.objective = "focal_lm", options.train.dtype = "float32";
  options.train.batch_size = 8, options.train.warmup_iters = 0;
  options.train.learning_rate = 0.01;
  return options;
}

TEST_F(Examples, ARecipeTrainsAnAddedObjectiveAndModel) {
  const config::Options options = recipe();
  testing::MaskedSource source;
  ProcessGroup alone({}, options.train.timeout_s);
  TrainStep train_step(options, source.meta(), torch::kCPU, {torch::kFloat32}, alone);
  StepLoader loader(source, train_step.objective(), alone, torch::kCPU);
  train_step.model().train();
  std::vector<double> losses;
  for (std::uint64_t step = 0; step < 50; ++step) {
    const auto batch = loader.step({{0, options.train.batch_size}});  // the same one every time
    losses.push_back(train_step.run(batch.value(), step, 7).numbers().loss);
  }
  EXPECT_NEAR(losses.front(), std::pow(10.0 / 11.0, 2.0) * std::log(11.0), 0.05)
      << "at first each of the 11 tokens is as likely as any other";
  EXPECT_LT(losses.back(), 0.7 * losses.front());
}

TEST_F(Examples, TheFocalLossFollowsItsFormula) {
  torch::manual_seed(41);
  const auto x = torch::tensor({{3, 1, 3}}), y = torch::tensor({{0, -100, 2}});
  testing::FixedNetwork network(torch::randn({1, 3, 4}, torch::kFloat64));
  const torch::NoGradGuard no_grad;
  const auto loss =
      make_objective(recipe(), testing::masked_meta())
          ->loss(network, testing::batch_of({{proto::Role::kInput, x}, {proto::Role::kTarget, y}}));
  double wanted = 0.0;
  for (const std::int64_t i : {0, 2}) {
    const double p =
        torch::softmax(network.logits[0][i], 0)[y[0][i].item<std::int64_t>()].item<double>();
    wanted -= (1.0 - p) * (1.0 - p) * std::log(p);
  }
  EXPECT_NEAR(loss.sum[0].item<double>(), wanted, 1e-12);
  EXPECT_EQ(loss.weight[0].item<std::int64_t>(), 2);
}

TEST_F(Examples, TheMlpSeesEachPositionAlone) {
  torch::manual_seed(42);
  const auto model = make_model(recipe().model, testing::masked_meta());
  const auto tokens = torch::arange(6).view({1, 6});
  auto changed = tokens.clone();
  changed[0][2] = 9;
  const auto difference = (model->forward(tokens) - model->forward(changed)).abs().amax(2)[0];
  EXPECT_GT(difference[2].item<float>(), 0.0F);
  EXPECT_EQ(difference.sum().item<float>(), difference[2].item<float>());
}

TEST_F(Examples, MessagesListAddedNames) {
  auto options = recipe();
  options.train.objective = "clm";
  try {
    (void)make_objective(options, testing::masked_meta());
    FAIL() << "an unknown objective was made";
  } catch (const config::UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "train.objective = \"clm\" is unknown; known: ar, cascade, d3pm_absorb, focal_lm, "
                 "mdlm, mlm, sedd");
  }
}

TEST_F(Examples, ATakenNameIsRefused) {
  EXPECT_THROW(add_objective(focal_lm_objective()), std::invalid_argument);
  EXPECT_THROW(add_model(mlp_model()), std::invalid_argument);
}

std::string file(const std::string& name) {
  return proto::read_file(std::string(MILLRACE_SOURCE_DIR) + "/" + name);
}

TEST(HowTo, ThePagesQuoteTheExamplesThatAreBuilt) {
  EXPECT_NE(file("docs/how-to/add_an_objective.md")
                .find("```cpp\n" + file("tests/trainer/examples/focal_lm.cc") + "```\n"),
            std::string::npos);
  EXPECT_NE(file("docs/how-to/add_a_model.md")
                .find("```cpp\n" + file("tests/trainer/examples/mlp_model.cc") + "```\n"),
            std::string::npos);
}

}  // namespace
}  // namespace millrace::trainer
