// Model, widening and objective: shapes, names, symmetries, and the loss against its closed form.
#include <gtest/gtest.h>

#include <cmath>

#include "config/errors.h"
#include "tests/support/masked_stream.h"
#include "trainer/models/bidirectional_transformer.h"
#include "trainer/models/models.h"
#include "trainer/nn/rotary.h"
#include "trainer/objectives/masked_lm.h"
#include "trainer/models/parameters.h"

namespace millrace::trainer {
namespace {

using testing::masked_batch;
using testing::masked_meta;

constexpr std::int64_t kIgnore = -100;

TransformerShape tiny_shape() {
  return {
      .vocab_size = 11, .block_size = 12, .n_layer = 2, .n_head = 2, .n_embd = 16, .dropout = 0.0};
}

DeviceBatch wide_batch(std::uint64_t first, std::uint32_t count) {
  return to_device(masked_meta(), masked_batch({proto::Split::kTrain, first, count, std::nullopt}),
                   CopyStream(torch::kCPU));
}

/// Logits that are given, whatever the tokens.
struct FixedModel : Model {
  explicit FixedModel(torch::Tensor logits) : logits_(std::move(logits)) {}
  torch::Tensor encode(const NetworkInput&) override { return logits_; }
  torch::Tensor project(const torch::Tensor& hidden) override { return hidden; }
  torch::Tensor logits_;
};

TEST(Rotary, ProductsDependOnDistanceAlone) {
  const Rotary rotary(32, 8);
  torch::manual_seed(1);
  const auto q = torch::randn({8}).expand({1, 32, 1, 8}),
             k = torch::randn({8}).expand({1, 32, 1, 8});
  const auto products = torch::matmul(rotary.rotate(q).squeeze(), rotary.rotate(k).squeeze().t());
  for (const std::int64_t distance : {0, 1, 7, 20}) {
    EXPECT_LT((products.diagonal(distance) - products[0][distance]).abs().max().item<float>(),
              1e-5F)
        << distance;
  }
  EXPECT_GT((products[0] - products[0][0]).abs().max().item<float>(), 0.1F);
}

TEST(Rotary, TurnsPairsByThePapersAngles) {
  const Rotary rotary(4, 4);
  const auto turned =
      rotary.rotate(torch::tensor({1.0F, 1.0F, 0.0F, 0.0F}).expand({1, 4, 1, 4})).squeeze();
  const double slow = std::pow(10000.0, -2.0 / 4.0);
  const auto row = turned[3];
  EXPECT_NEAR(row[0].item<double>(), std::cos(3.0), 1e-6);
  EXPECT_NEAR(row[2].item<double>(), std::sin(3.0), 1e-6);
  EXPECT_NEAR(row[1].item<double>(), std::cos(3.0 * slow), 1e-6);
  EXPECT_NEAR(row[3].item<double>(), std::sin(3.0 * slow), 1e-6);
}

TEST(BidirectionalTransformer, HasNanoGptsNamesAndSizes) {
  const auto model = make_bidirectional_transformer(tiny_shape());
  std::vector<std::string> names;
  std::int64_t values = 0;
  for (const auto& [name, parameter] : parameters_of(*model)) {
    names.push_back(name), values += parameter.numel();
  }
  EXPECT_EQ(names.front(), "transformer.wte.weight");
  EXPECT_EQ(names.back(), "transformer.ln_f.weight");
  EXPECT_NE(std::ranges::find(names, "transformer.h.1.attn.c_attn.weight"), names.end());
  EXPECT_NE(std::ranges::find(names, "transformer.h.0.mlp.c_proj.weight"), names.end());
  EXPECT_EQ(names.size(), 1U + 2 * 6 + 1);
  EXPECT_EQ(values, 11 * 16 + 2 * (12 * 16 * 16 + 2 * 16) + 16);
}

TEST(BidirectionalTransformer, EveryPositionSeesEveryOther) {
  torch::manual_seed(2);
  const auto model = make_bidirectional_transformer(tiny_shape());
  const auto tokens = torch::arange(11).view({1, 11});
  auto changed = tokens.clone();
  changed[0][10] = 0;
  const auto difference = (model->forward(tokens) - model->forward(changed)).abs().amax(2)[0];
  EXPECT_GT(difference.min().item<float>(), 0.0F);
}

TEST(BidirectionalTransformer, ShorterSequencesAreFineAndDropoutActsInTrainingOnly) {
  auto shape = tiny_shape();
  shape.dropout = 0.5;
  const auto model = make_bidirectional_transformer(shape);
  const auto tokens = torch::arange(8).view({2, 4});
  EXPECT_FALSE(torch::equal(model->forward(tokens), model->forward(tokens)));
  model->eval();
  EXPECT_TRUE(torch::equal(model->forward(tokens), model->forward(tokens)));
  EXPECT_EQ(model->forward(tokens).sizes(), (std::vector<std::int64_t>{2, 4, 11}));
}

TEST(BidirectionalTransformer, StartsWithNanoGptsDeviations) {
  const auto model = make_bidirectional_transformer(
      {.vocab_size = 500, .block_size = 8, .n_layer = 8, .n_head = 4, .n_embd = 128});
  const auto named = model->named_parameters();
  EXPECT_NEAR(named["transformer.wte.weight"].std().item<double>(), 0.02, 0.001);
  EXPECT_NEAR(named["transformer.h.3.attn.c_attn.weight"].std().item<double>(), 0.02, 0.001);
  EXPECT_NEAR(named["transformer.h.3.mlp.c_proj.weight"].std().item<double>(), 0.02 / 4.0, 0.0005);
}

TEST(BidirectionalTransformer, IsToldTheTimeWhereAsked) {
  torch::manual_seed(4);
  auto shape = tiny_shape();
  const auto tokens = torch::arange(8).view({2, 4});
  const auto time = torch::tensor({0.5, 2.0});
  const auto untold = make_bidirectional_transformer(shape);
  EXPECT_TRUE(torch::equal(untold->forward({tokens, time}), untold->forward(tokens)));
  shape.cond_dim = 6;
  const auto told = make_bidirectional_transformer(shape);
  EXPECT_TRUE(torch::equal(told->forward({tokens, time}), told->forward(tokens)))
      << "it begins without an effect";
  const torch::NoGradGuard no_grad;
  told->named_parameters()["time_proj.weight"].normal_();
  EXPECT_FALSE(torch::allclose(told->forward({tokens, time}), told->forward({tokens, time * 2})));
}

TEST(BidirectionalTransformer, RefusesAShapeThatCannotBe) {
  auto shape = tiny_shape();
  shape.n_embd = 18;
  EXPECT_THROW((void)make_bidirectional_transformer(shape), std::invalid_argument);
}

TEST(Models, TakesItsSizesFromTheStreamAndListsNames) {
  config::ModelOptions options;
  options.n_layer = 1, options.n_head = 2, options.n_embd = 8;
  EXPECT_EQ(
      make_model(options, masked_meta())->named_parameters()["transformer.wte.weight"].size(0), 11);
  options.architecture = "unidirectional";
  try {
    (void)make_model(options, masked_meta());
    FAIL() << "an unknown model was made";
  } catch (const config::UsageError& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "model.architecture = \"unidirectional\" is unknown; known: bidirectional, dit, gpt2");
  }
}

TEST(Models, ArePlacedByTheStreamsPrefixAndTime) {
  config::ModelOptions options;
  options.n_layer = 1, options.n_head = 2, options.n_embd = 8, options.cond_dim = 6;
  auto meta = masked_meta();
  EXPECT_FALSE(make_model(options, meta)->named_parameters().contains("time_proj.weight"));
  meta.schema.fields.push_back(
      {"t", proto::WireType::kF32, proto::LogicalType::kF32, {}, proto::Role::kTime, false});
  meta.schema.fields.push_back(
      {"p", proto::WireType::kU8, proto::LogicalType::kI64, {5}, proto::Role::kPrefix, false});
  EXPECT_TRUE(make_model(options, meta)->named_parameters().contains("time_proj.weight"));
  EXPECT_EQ(make_model(options, meta)->named_buffers()["rotary_cos"].size(0), 12 + 5);
  options.time_conditioning = false;
  EXPECT_FALSE(make_model(options, meta)->named_parameters().contains("time_proj.weight"));
  options.architecture = "gpt2";
  EXPECT_EQ(make_model(options, meta)->named_parameters()["transformer.wpe.weight"].size(0),
            12 + 5);
  options.architecture = "dit";
  EXPECT_EQ(make_model(options, meta)->named_parameters()["vocab_embed.embedding"].size(0), 11);
}

TEST(Widen, TurnsTheSentinelIntoIgnoreIndexAndKeepsTheRest) {
  const auto batch = masked_batch({proto::Split::kTrain, 0, 7, std::nullopt});
  const auto wide = to_device(masked_meta(), batch, CopyStream(torch::kCPU));
  const auto x = wide.at(proto::Role::kInput), y = wide.at(proto::Role::kTarget);
  ASSERT_EQ(y.sizes(), (std::vector<std::int64_t>{7, 12}));
  ASSERT_EQ(y.scalar_type(), torch::kInt64);
  for (std::int64_t i = 0; i < 84; ++i) {
    const auto n = static_cast<std::size_t>(i);
    EXPECT_EQ(x.flatten()[i].item<std::int64_t>(), batch.values<std::uint8_t>(0)[n]);
    const std::int64_t narrow = batch.values<std::uint8_t>(1)[n];
    EXPECT_EQ(y.flatten()[i].item<std::int64_t>(),
              narrow == testing::kMaskedSentinel ? kIgnore : narrow);
  }
  EXPECT_TRUE(torch::equal(wide.stages(), torch::tensor({0, 1, 0, 1, 0, 1, 0})));
  EXPECT_THROW((void)wide.at(proto::Role::kTime), std::runtime_error);
}

TEST(Widen, EveryWireTypeArrives) {
  using namespace proto;
  StreamMeta meta = masked_meta();
  meta.schema = {{{"x", WireType::kU16, LogicalType::kI64, {2}, Role::kInput, false},
                  {"y", WireType::kU32, LogicalType::kI64, {2}, Role::kTarget, true},
                  {"t", WireType::kF32, LogicalType::kF32, {}, Role::kTime, false}}};
  const auto buffer = make_batch(meta.schema, {Split::kTrain, 0, 1, std::nullopt});
  buffer.view.values<std::uint16_t>(0)[1] = 65535;
  buffer.view.values<std::uint32_t>(1)[0] = 4'000'000'000;
  buffer.view.values<std::uint32_t>(1)[1] = 4'294'967'295;
  buffer.view.values<float>(2)[0] = 0.25F;
  const auto wide = to_device(meta, buffer.batch, CopyStream(torch::kCPU));
  EXPECT_TRUE(torch::equal(wide.at(Role::kInput), torch::tensor({{0, 65535}})));
  EXPECT_TRUE(torch::equal(wide.at(Role::kTarget),
                           torch::tensor({{std::int64_t{4'000'000'000}, kIgnore}})));
  EXPECT_TRUE(torch::equal(wide.at(Role::kTime), torch::tensor({0.25F})));
  EXPECT_TRUE(torch::equal(wide.stages(), torch::zeros({1}, torch::kInt64)));
}

TEST(MaskedLm, IsTheCrossEntropyOfItsDefinition) {
  const auto batch = wide_batch(0, 6);
  torch::manual_seed(3);
  FixedModel model(torch::randn({6, 12, 11}, torch::kFloat64));
  const auto loss = make_masked_lm(kIgnore)->loss(model, batch);
  const auto y = batch.at(proto::Role::kTarget);
  for (std::int64_t b = 0; b < 6; ++b) {
    double sum = 0.0;
    std::int64_t weight = 0;
    for (std::int64_t i = 0; i < 12; ++i) {
      const auto target = y[b][i].item<std::int64_t>();
      if (target == kIgnore) continue;
      const auto logits = model.logits_[b][i];
      sum += std::log(logits.exp().sum().item<double>()) - logits[target].item<double>();
      ++weight;
    }
    EXPECT_NEAR(loss.sum[b].item<double>(), sum, 1e-12);
    EXPECT_EQ(loss.weight[b].item<std::int64_t>(), weight);
  }
  EXPECT_EQ(loss.weight[5].item<std::int64_t>(), 0) << "sample 5 has no target";
}

TEST(MaskedLm, UniformLogitsCostTheLogarithmOfTheVocabulary) {
  FixedModel model(torch::zeros({4, 12, 11}));
  const auto loss = make_masked_lm(kIgnore)->loss(model, wide_batch(0, 4));
  EXPECT_NEAR((loss.sum / loss.weight).mean().item<double>(), std::log(11.0), 1e-6);
}

TEST(MaskedLm, CountsWhatItGetsRight) {
  const auto batch = wide_batch(0, 4);
  const auto y = batch.at(proto::Role::kTarget);
  FixedModel model(torch::one_hot(y.clamp_min(0), 11).to(torch::kFloat32));
  const torch::NoGradGuard no_grad;
  const auto loss = make_masked_lm(kIgnore)->loss(model, batch);
  EXPECT_TRUE(torch::equal(loss.metrics.at("accuracy"), loss.weight.to(torch::kFloat64)));
}

}  // namespace
}  // namespace millrace::trainer
