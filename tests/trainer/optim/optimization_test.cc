// Learning rate, AdamW, precision and loss scaling, and that a saved run is the run.
#include <gtest/gtest.h>

#include <cmath>

#include "config/errors.h"
#include "config/recipe.h"
#include "tests/support/masked_stream.h"
#include "tests/support/temporary_folder.h"
#include "trainer/base/seeds.h"
#include "trainer/checkpoint/checkpoint.h"
#include "trainer/checkpoint/tensor_file.h"
#include "trainer/device/precision.h"
#include "trainer/models/bidirectional_transformer.h"
#include "trainer/optim/adamw.h"
#include "trainer/optim/learning_rate.h"
#include "trainer/training/train_step.h"

namespace millrace::trainer {
namespace {

TEST(LearningRate, WarmsUpDecaysAndStaysAtTheMinimum) {
  config::TrainOptions train;
  train.learning_rate = 1e-3, train.min_lr = 1e-4, train.warmup_iters = 9,
  train.lr_decay_iters = 109;
  EXPECT_DOUBLE_EQ(learning_rate(train, 0), 1e-4);
  EXPECT_DOUBLE_EQ(learning_rate(train, 8), 9e-4);
  EXPECT_DOUBLE_EQ(learning_rate(train, 9), 1e-3);
  EXPECT_NEAR(learning_rate(train, 59), (1e-3 + 1e-4) / 2, 1e-15);
  EXPECT_DOUBLE_EQ(learning_rate(train, 109), 1e-4);
  EXPECT_DOUBLE_EQ(learning_rate(train, 100000), 1e-4);
  train.max_iters = 5;
  EXPECT_NEAR(learning_rate(train, 59), (1e-3 + 1e-4) / 2, 1e-15) << "it must not follow max_iters";
}

TEST(LearningRate, ConstantSchedulesStayAtThePeak) {
  config::TrainOptions train;
  train.learning_rate = 1e-3, train.min_lr = 1e-4, train.warmup_iters = 9,
  train.lr_decay_iters = 109;
  train.lr_schedule = "warmup_constant";
  EXPECT_DOUBLE_EQ(learning_rate(train, 0), 1e-4);
  EXPECT_DOUBLE_EQ(learning_rate(train, 9), 1e-3);
  EXPECT_DOUBLE_EQ(learning_rate(train, 100000), 1e-3);
  train.lr_schedule = "constant";
  EXPECT_DOUBLE_EQ(learning_rate(train, 0), 1e-3);
  EXPECT_DOUBLE_EQ(learning_rate(train, 100000), 1e-3);
}

TEST(Seeds, DifferForEveryStepRankAndSeed) {
  std::set<std::uint64_t> seen{init_seed(1), init_seed(2)};
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    for (std::uint64_t step = 0; step < 50; ++step) {
      for (std::uint32_t rank = 0; rank < 4; ++rank) {
        seen.insert(dropout_seed(seed, step, rank));
      }
    }
  }
  EXPECT_EQ(seen.size(), 2U + 2 * 50 * 4);
}

const torch::Tensor kRate = torch::tensor(0.01, torch::kFloat64);

/// AdamW by its definition, one value at a time.
struct ReferenceAdamW {
  double m = 0, v = 0;
  int t = 0;
  bool decoupled = true;
  double step(double theta, double g, double lr, double decay) {
    ++t;
    if (!decoupled) g += decay * theta, decay = 0.0;
    m = 0.9 * m + 0.1 * g;
    v = 0.95 * v + 0.05 * g * g;
    theta -= lr * decay * theta;
    return theta -
           lr * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.95, t))) + 1e-8);
  }
};

/// Twenty steps of a matrix and of a vector, beside the formula: decay is for matrices only.
void expect_formula(bool decoupled) {
  auto matrix = torch::tensor({{0.5}}, torch::kFloat64),
       vector = torch::tensor({0.5}, torch::kFloat64);
  AdamW optimizer({{"matrix", matrix}, {"vector", vector}},
                  {.beta1 = 0.9, .beta2 = 0.95, .weight_decay = 0.1, .decoupled = decoupled});
  ReferenceAdamW matrix_reference{.decoupled = decoupled}, vector_reference{.decoupled = decoupled};
  double matrix_expected = 0.5, vector_expected = 0.5;
  for (int step = 0; step < 20; ++step) {
    const double gradient = std::sin(step) + 0.3;
    matrix.mutable_grad() = torch::full({1, 1}, gradient, torch::kFloat64);
    vector.mutable_grad() = torch::full({1}, gradient, torch::kFloat64);
    optimizer.step(kRate);
    matrix_expected = matrix_reference.step(matrix_expected, gradient, 0.01, 0.1);
    vector_expected = vector_reference.step(vector_expected, gradient, 0.01, 0.0);
    ASSERT_NEAR(matrix.item<double>(), matrix_expected, 1e-12) << step;
    ASSERT_NEAR(vector.item<double>(), vector_expected, 1e-12) << step;
  }
}

TEST(AdamW, FollowsItsFormulaAndDecaysMatricesOnly) { expect_formula(true); }

TEST(Adam, AddsTheDecayToTheGradientOfMatrices) { expect_formula(false); }

TEST(Ema, ItsDecayWarmsUp) {
  EXPECT_DOUBLE_EQ(ema_decay(0.9999, 1), 2.0 / 11.0);
  EXPECT_DOUBLE_EQ(ema_decay(0.9999, 90), 0.91);
  EXPECT_DOUBLE_EQ(ema_decay(0.9, 1000), 0.9);
}

TEST(Ema, FollowsItsFormula) {
  auto parameter = torch::tensor({1.0, -2.0}, torch::kFloat64);
  Ema ema({{"p", parameter}}, 0.5);
  double expected = 1.0;
  for (std::uint64_t n = 1; n <= 30; ++n) {
    const double value = std::cos(static_cast<double>(n));
    parameter.fill_(value);
    ema.update(torch::tensor(ema.update_weight(n), torch::kFloat64));
    const double decay =
        std::min(0.5, (1.0 + static_cast<double>(n)) / (10.0 + static_cast<double>(n)));
    expected = decay * expected + (1.0 - decay) * value;
    ASSERT_NEAR(ema.state()[0].second[0].item<double>(), expected, 1e-14) << n;
  }
}

TEST(AdamW, DividesTheGradientsByTheDivisor) {
  auto divided = torch::tensor({{0.5F}}), plain = divided.clone();
  AdamW of_divided({{"p", divided}}, {}), of_plain({{"p", plain}}, {});
  for (const float gradient : {3.0F, -1.0F, 0.5F}) {
    divided.mutable_grad() = torch::full({1, 1}, gradient);
    plain.mutable_grad() = torch::full({1, 1}, gradient / 4.0F);
    of_divided.step(kRate, torch::tensor(4.0F));
    of_plain.step(kRate);
  }
  EXPECT_TRUE(torch::equal(divided, plain));
  EXPECT_TRUE(torch::equal(of_divided.state()[1].second, of_plain.state()[1].second));
}

TEST(AdamW, ASkippedStepChangesNothing) {
  for (const bool decoupled : {true, false}) {
    auto parameter = torch::tensor({{0.5F}});
    AdamW optimizer({{"p", parameter}}, {.decoupled = decoupled});
    std::vector<torch::Tensor> before;
    const auto step = [&](float gradient, float skip) {
      before.clear();
      for (const auto& [name, tensor] : optimizer.state()) before.push_back(tensor.clone());
      before.push_back(parameter.clone());
      parameter.mutable_grad() = torch::full({1, 1}, gradient);
      optimizer.step(kRate, {}, torch::tensor(skip));
    };
    const auto unchanged = [&] {
      bool same = torch::equal(before.back(), parameter);
      for (std::size_t i = 0; i < optimizer.state().size(); ++i) {
        same = same && torch::equal(before[i], optimizer.state()[i].second);
      }
      return same;
    };
    step(1.0F, 0.0F);
    EXPECT_FALSE(unchanged());
    step(std::numeric_limits<float>::quiet_NaN(), 1.0F);
    EXPECT_TRUE(unchanged());
    step(1.0F, 0.0F);
    EXPECT_FALSE(unchanged());
  }
}

TEST(Ema, ASkippedStepChangesNothing) {
  auto parameter = torch::tensor({1.0F, -2.0F});
  Ema skipping({{"p", parameter}}, 0.5), plain({{"p", parameter}}, 0.5);
  parameter.fill_(3.0);
  const auto weight = torch::tensor(0.25, torch::kFloat64);
  skipping.update(weight, torch::tensor(0.0F)), plain.update(weight);
  EXPECT_TRUE(torch::equal(skipping.state()[0].second, plain.state()[0].second));
  parameter.fill_(5.0);
  skipping.update(weight, torch::tensor(1.0F));
  EXPECT_TRUE(torch::equal(skipping.state()[0].second, plain.state()[0].second));
}

TEST(Clip, BoundsTheJointNorm) {
  const std::vector<torch::Tensor> gradients{torch::tensor({3.0}), torch::tensor({{4.0}})};
  const auto norm = joint_norm(gradients);
  EXPECT_NEAR(norm.item<double>(), 5.0, 1e-6);
  EXPECT_FALSE(clip_divisor(norm, 0.0).defined()) << "any norm will do";
  EXPECT_EQ(clip_divisor(norm, 10.0).item<float>(), 1.0F) << "a smaller norm is left alone";
  EXPECT_NEAR(clip_divisor(norm, 1.0).item<double>(), 5.0, 1e-6);
}

TEST(Precision, NamesAndAutocast) {
  EXPECT_EQ(choose_precision("float64", torch::kCPU).parameters(), torch::kFloat64);
  EXPECT_EQ(choose_precision("bfloat16", torch::kCPU).parameters(), torch::kFloat32);
  EXPECT_THROW((void)choose_precision("float8", torch::kCPU), config::UsageError);
  const auto automatic = choose_precision("auto", torch::kCPU).compute;
  EXPECT_TRUE(automatic == torch::kFloat32 || automatic == torch::kBFloat16);
  const auto a = torch::ones({2, 2});
  {
    const AutocastScope scope({torch::kBFloat16}, torch::kCPU);
    EXPECT_EQ(at::matmul(a, a).scalar_type(), torch::kBFloat16);
  }
  EXPECT_EQ(at::matmul(a, a).scalar_type(), torch::kFloat32);
}

TEST(LossScale, HalvesOnOverflowAndSkipsTheStep) {
  LossScale scale({torch::kFloat16}, torch::kCPU);
  EXPECT_EQ(scale.value(), 65536.0);
  std::vector<torch::Tensor> good{torch::full({2}, 65536.0F)};
  EXPECT_EQ(scale.unscale(good).item<float>(), 0.0F);
  EXPECT_EQ(good[0][0].item<float>(), 1.0F);
  EXPECT_EQ(scale.good_steps(), 1U);
  std::vector<torch::Tensor> overflowed{torch::full({2}, std::numeric_limits<float>::infinity())};
  EXPECT_EQ(scale.unscale(overflowed).item<float>(), 1.0F);
  EXPECT_EQ(scale.value(), 32768.0);
  EXPECT_EQ(scale.good_steps(), 0U);
  scale.restore(1024.0, 1999);
  std::vector<torch::Tensor> next{torch::ones({1})};
  EXPECT_EQ(scale.unscale(next).item<float>(), 0.0F);
  EXPECT_EQ(scale.value(), 2048.0) << "the 2000th good step doubles it";
}

TEST(LossScale, IsOneForOtherPrecisions) {
  LossScale scale({torch::kBFloat16}, torch::kCPU);
  std::vector<torch::Tensor> gradients{torch::ones({1})};
  EXPECT_EQ(scale.value(), 1.0);
  EXPECT_EQ(scale.unscale(gradients).item<float>(), 0.0F);
  EXPECT_EQ(gradients[0].item<float>(), 1.0F);
}

TEST(UnscaledGradient, SaysWhetherTheStepIsToBeSkipped) {
  const auto model = make_bidirectional_transformer(
      {.vocab_size = 11, .block_size = 12, .n_layer = 1, .n_head = 2, .n_embd = 8});
  std::int64_t values = 0;
  for (torch::Tensor& parameter : model->parameters()) {
    parameter.mutable_grad() = torch::full_like(parameter, 2048.0, torch::requires_grad(false));
    values += parameter.numel();
  }
  LossScale scale({torch::kFloat16}, torch::kCPU);
  scale.restore(1024.0, 0);
  const auto loss = torch::tensor(2.5F);
  const UnscaledGradient unscaled = unscale_gradient(*model, loss, scale, 1.0);
  const double norm = 2.0 * std::sqrt(static_cast<double>(values));
  EXPECT_NEAR(unscaled.norm.item<double>(), norm, 1e-5 * norm);
  EXPECT_NEAR(unscaled.clip_divisor.item<double>(), norm, 1e-5 * norm);
  EXPECT_EQ(model->parameters()[0].grad().flatten()[0].item<float>(), 2.0F);
  EXPECT_EQ(unscaled.overflowed.item<float>(), 0.0F);
  EXPECT_EQ(unscaled.skip.item<float>(), 0.0F);

  const auto no_loss = torch::tensor(std::numeric_limits<float>::quiet_NaN());
  const UnscaledGradient without_loss = unscale_gradient(*model, no_loss, scale, 1.0);
  EXPECT_EQ(without_loss.overflowed.item<float>(), 0.0F);
  EXPECT_EQ(without_loss.skip.item<float>(), 1.0F);

  model->parameters()[0].mutable_grad().fill_(std::numeric_limits<float>::infinity());
  const UnscaledGradient overflowed = unscale_gradient(*model, loss, scale, 1.0);
  EXPECT_EQ(overflowed.overflowed.item<float>(), 1.0F);
  EXPECT_EQ(overflowed.skip.item<float>(), 1.0F);

  LossScale none({torch::kBFloat16}, torch::kCPU);
  const UnscaledGradient infinite = unscale_gradient(*model, loss, none, 1.0);
  EXPECT_EQ(infinite.overflowed.item<float>(), 0.0F);
  EXPECT_EQ(infinite.skip.item<float>(), 1.0F);
}

/// One training step of a tiny model on the made-up stream.
struct TinyRun {
  TinyRun()
      : model(make_bidirectional_transformer(
            {.vocab_size = 11, .block_size = 12, .n_layer = 1, .n_head = 2, .n_embd = 8})),
        optimizer(parameters_of(*model), {}) {}
  void step(std::uint64_t first) {
    model->zero_grad();
    const auto tokens =
        to_device(testing::masked_meta(),
                  testing::masked_batch({proto::Split::kTrain, first, 4, std::nullopt}),
                  CopyStream(torch::kCPU));
    model->forward(tokens.at(proto::Role::kInput)).square().mean().backward();
    optimizer.step(kRate);
  }
  std::shared_ptr<Model> model;
  AdamW optimizer;
};

bool equal(const NamedTensors& a, const NamedTensors& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first && torch::equal(x.second, y.second);
  });
}

TEST(Checkpoint, ALoadedRunContinuesLikeTheSavedOne) {
  const testing::TemporaryFolder folder;
  config::Options options = config::default_options();
  options.train.out_dir = folder.path().string();
  TinyRun saved, loaded;
  saved.step(0);
  proto::TrainerState state;
  state.step = state.best_step = 1;
  state.best_val_loss = 2.5;
  state.run_id = "0123456789abcdef";
  state.meta = testing::masked_meta();
  save_checkpoint(options, state, *saved.model, saved.optimizer);

  load_model(folder / "latest", *loaded.model);
  load_optimizer(folder / "best", loaded.optimizer);
  EXPECT_TRUE(equal(parameters_of(*saved.model), parameters_of(*loaded.model)));
  EXPECT_TRUE(equal(saved.optimizer.state(), loaded.optimizer.state()));
  saved.step(4), loaded.step(4);
  EXPECT_TRUE(equal(parameters_of(*saved.model), parameters_of(*loaded.model)));
}

TEST(EmaWeights, ReplaceTheModelsParametersAndRestoreThem) {
  TinyRun run;
  Ema ema(parameters_of(*run.model), 0.5);
  const auto tokens = torch::arange(8).view({1, 8});
  run.model->eval();
  const auto at_first = run.model->forward(tokens);
  run.step(0);
  const auto trained = run.model->forward(tokens);
  {
    const EmaWeights averaged(*run.model, ema);
    EXPECT_TRUE(torch::equal(run.model->forward(tokens), at_first));
  }
  EXPECT_TRUE(torch::equal(run.model->forward(tokens), trained));
  TinyRun other;
  ema.update(torch::tensor(ema.update_weight(1), torch::kFloat64));
  const testing::TemporaryFolder folder;
  config::Options options = config::default_options();
  options.train.out_dir = folder.path().string();
  proto::TrainerState state;
  state.step = 1;
  state.run_id = "0123456789abcdef";
  state.meta = testing::masked_meta();
  save_checkpoint(options, state, *run.model, run.optimizer, &ema);
  Ema loaded(parameters_of(*other.model), 0.5);
  EXPECT_TRUE(has_ema(folder / "latest"));
  load_ema(folder / "latest", loaded);
  EXPECT_TRUE(equal(ema.state(), loaded.state()));
  load_model(folder / "latest", *other.model, Weights::kEma);
  EXPECT_TRUE(equal(ema.state(), parameters_of(*other.model)));
  load_model(folder / "latest", *other.model);
  EXPECT_TRUE(equal(parameters_of(*run.model), parameters_of(*other.model)));
  run.step(4);  // the optimizer still holds the model's own parameters
  EXPECT_FALSE(equal(parameters_of(*run.model), parameters_of(*other.model)));
}

/// Saves the tensors as file "t" of a checkpoint, OUT/latest.
void save(const std::filesystem::path& out_dir, const NamedTensors& tensors) {
  proto::CheckpointWriter writer(out_dir, 0);
  save_tensors(writer, "t", tensors, {});
  proto::TrainerState state;
  state.run_id = "0123456789abcdef";
  state.meta = testing::masked_meta();
  writer.commit(state);
}

TEST(TensorFile, RoundTripsEveryDtype) {
  const testing::TemporaryFolder folder;
  for (const auto type : {torch::kUInt8, torch::kInt32, torch::kInt64, torch::kFloat16,
                          torch::kBFloat16, torch::kFloat32, torch::kFloat64}) {
    const auto written = torch::arange(6).view({2, 3}).to(type);
    save(folder.path(), {{"scalar", written[1][2]}, {"transposed", written.t()}});
    const auto scalar = torch::zeros({}, type), transposed = torch::zeros({3, 2}, type);
    load_tensors(folder / "latest/t", {{"scalar", scalar}, {"transposed", transposed}});
    EXPECT_TRUE(torch::equal(transposed, written.t())) << type;
    EXPECT_EQ(scalar.item<double>(), 5.0) << type;
  }
}

TEST(TensorFile, RefusesTensorsThatDoNotFitTheModel) {
  const testing::TemporaryFolder folder;
  save(folder.path(), {{"a", torch::zeros({2})}});
  EXPECT_THROW(load_tensors(folder / "latest/t", {{"b", torch::zeros({2})}}), std::runtime_error);
  EXPECT_THROW(load_tensors(folder / "latest/t", {{"a", torch::zeros({3})}}), std::runtime_error);
  EXPECT_THROW(load_tensors(folder / "latest/t", {{"a", torch::zeros({2}, torch::kFloat64)}}),
               std::runtime_error);
  EXPECT_THROW(
      load_tensors(folder / "latest/t", {{"a", torch::zeros({2})}, {"b", torch::zeros({2})}}),
      std::runtime_error);
}

}  // namespace
}  // namespace millrace::trainer
