// The DiT: sedd-small's names, shapes and size, its initial output, its inputs and its gradients.
#include "trainer/models/dit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "trainer/models/parameters.h"

namespace millrace::trainer {
namespace {

DitShape tiny_shape() {
  return {.vocab_size = 7, .block_size = 9, .n_layer = 2, .n_head = 2, .n_embd = 8, .cond_dim = 6};
}

/// In f64 with random parameters: adaLN starts at zero, where most of the network has no effect.
std::shared_ptr<Model> randomised(const DitShape& shape) {
  torch::manual_seed(21);
  auto model = make_dit(shape);
  model->to(torch::kFloat64);
  const torch::NoGradGuard no_grad;
  for (auto& parameter : model->parameters()) parameter.normal_(0.0, 0.4);
  model->eval();
  return model;
}

std::map<std::string, std::vector<std::int64_t>> shapes_of(const Model& model) {
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const auto& [name, tensor] : parameters_of(model)) shapes[name] = tensor.sizes().vec();
  return shapes;
}

TEST(Dit, HasTheNamesAndShapesOfSeddSmall) {
  constexpr std::int64_t kWidth = 768, kCond = 128, kVocabulary = 50258, kLayers = 12;
  std::map<std::string, std::vector<std::int64_t>> wanted{
      {"vocab_embed.embedding", {kVocabulary, kWidth}},
      {"sigma_map.mlp.0.weight", {kCond, 256}},
      {"sigma_map.mlp.0.bias", {kCond}},
      {"sigma_map.mlp.2.weight", {kCond, kCond}},
      {"sigma_map.mlp.2.bias", {kCond}},
      {"output_layer.norm_final.weight", {kWidth}},
      {"output_layer.linear.weight", {kVocabulary, kWidth}},
      {"output_layer.linear.bias", {kVocabulary}},
      {"output_layer.adaLN_modulation.weight", {2 * kWidth, kCond}},
      {"output_layer.adaLN_modulation.bias", {2 * kWidth}}};
  for (std::int64_t i = 0; i < kLayers; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    wanted[block + "norm1.weight"] = wanted[block + "norm2.weight"] = {kWidth};
    wanted[block + "attn_qkv.weight"] = {3 * kWidth, kWidth};
    wanted[block + "attn_out.weight"] = {kWidth, kWidth};
    wanted[block + "mlp.0.weight"] = {4 * kWidth, kWidth};
    wanted[block + "mlp.0.bias"] = {4 * kWidth};
    wanted[block + "mlp.2.weight"] = {kWidth, 4 * kWidth};
    wanted[block + "mlp.2.bias"] = {kWidth};
    wanted[block + "adaLN_modulation.weight"] = {6 * kWidth, kCond};
    wanted[block + "adaLN_modulation.bias"] = {6 * kWidth};
  }
  const auto model = make_dit({.vocab_size = kVocabulary,
                               .block_size = 1024,
                               .n_layer = kLayers,
                               .n_head = 12,
                               .n_embd = kWidth,
                               .cond_dim = kCond});
  EXPECT_EQ(shapes_of(*model), wanted);
  std::int64_t parameters = 0;
  for (const auto& parameter : model->parameters()) parameters += parameter.numel();
  EXPECT_EQ(parameters, 169'627'218);
  EXPECT_EQ(model->named_buffers()["rotary_emb.inv_freq"].sizes(), (std::vector<std::int64_t>{32}));
}

TEST(Dit, TheOrderOfItsParametersIsThatOfSeddsCheckpoints) {
  const auto model = make_dit(tiny_shape());
  std::vector<std::string> names;
  for (const auto& [name, tensor] : parameters_of(*model)) names.push_back(name);
  const std::vector<std::string> first{
      "vocab_embed.embedding",    "sigma_map.mlp.0.weight",   "sigma_map.mlp.0.bias",
      "sigma_map.mlp.2.weight",   "sigma_map.mlp.2.bias",     "blocks.0.norm1.weight",
      "blocks.0.attn_qkv.weight", "blocks.0.attn_out.weight", "blocks.0.norm2.weight"};
  EXPECT_TRUE(std::equal(first.begin(), first.end(), names.begin()));
  EXPECT_EQ(names.back(), "output_layer.adaLN_modulation.bias");
}

TEST(Dit, BeginsWithLogitsOfZero) {
  const auto model = make_dit(tiny_shape());
  const auto logits =
      model->forward({torch::randint(7, {2, 5}, torch::kInt64), torch::tensor({0.1, 3.0})});
  EXPECT_TRUE(torch::equal(logits, torch::zeros({2, 5, 7})));
}

TEST(Dit, TheTimeMattersUnlessConditioningIsOff) {
  auto shape = tiny_shape();
  const auto tokens = torch::randint(7, {1, 5}, torch::kInt64);
  const auto early = torch::tensor({0.1}), late = torch::tensor({3.0}), zero = torch::tensor({0.0});
  auto model = randomised(shape);
  EXPECT_FALSE(torch::allclose(model->forward({tokens, early}), model->forward({tokens, late})));
  EXPECT_TRUE(torch::equal(model->forward({tokens, zero}), model->forward(tokens)));
  const auto of_zero = model->forward({tokens, zero});
  shape.time_conditioning = false;
  model = randomised(shape);
  EXPECT_TRUE(torch::equal(model->forward({tokens, late}), of_zero));
}

TEST(Dit, EveryPositionSeesEveryOtherOfItsSampleAlone) {
  const auto model = randomised(tiny_shape());
  const auto tokens = torch::arange(6).view({1, 6}).expand({2, 6}).contiguous();
  auto changed = tokens.clone();
  changed[0][5] = 0;
  const auto time = torch::tensor({0.5, 0.7});
  const auto difference =
      (model->forward({tokens, time}) - model->forward({changed, time})).abs().amax(2);
  EXPECT_GT(difference[0].min().item<double>(), 0.0);
  EXPECT_EQ(difference[1].max().item<double>(), 0.0);
}

TEST(Dit, GradientsAreThoseOfFiniteDifferences) {
  constexpr double kStep = 1e-5;
  const auto model = randomised(tiny_shape());
  const auto tokens = torch::randint(7, {2, 4}, torch::kInt64);
  const auto time = torch::tensor({0.2, 1.5}, torch::kFloat64);
  const auto value = [&] { return model->forward({tokens, time}).sin().sum(); };
  value().backward();
  const torch::NoGradGuard no_grad;
  for (auto& item : model->named_parameters()) {
    const auto numbers = item.value().view(-1), gradient = item.value().grad().view(-1);
    for (const std::int64_t i : {std::int64_t{0}, numbers.size(0) / 2, numbers.size(0) - 1}) {
      numbers[i] += kStep;
      const auto above = value();
      numbers[i] -= 2 * kStep;
      const double slope = (above - value()).item<double>() / (2 * kStep);
      numbers[i] += kStep;
      EXPECT_NEAR(gradient[i].item<double>(), slope, 1e-6 * (1.0 + std::abs(slope)))
          << item.key() << ' ' << i;
    }
  }
}

TEST(Dit, RefusesAnImpossibleShape) {
  auto shape = tiny_shape();
  shape.n_embd = 10;
  EXPECT_THROW((void)make_dit(shape), std::invalid_argument);
}

}  // namespace
}  // namespace millrace::trainer
