// The bidirectional Transformer: names, sizes, symmetries and initial values.
#include "trainer/models/bidirectional_transformer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "trainer/models/parameters.h"

namespace millrace::trainer {
namespace {

TransformerShape tiny_shape() {
  return {
      .vocab_size = 11, .block_size = 12, .n_layer = 2, .n_head = 2, .n_embd = 16, .dropout = 0.0};
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

TEST(BidirectionalTransformer, TakesShorterSequencesAndDropsOnlyInTraining) {
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

TEST(BidirectionalTransformer, UsesTheTimeOnlyWithTimeConditioning) {
  torch::manual_seed(4);
  auto shape = tiny_shape();
  const auto tokens = torch::arange(8).view({2, 4});
  const auto time = torch::tensor({0.5, 2.0});
  const auto timeless = make_bidirectional_transformer(shape);
  EXPECT_TRUE(torch::equal(timeless->forward({tokens, time}), timeless->forward(tokens)));
  shape.cond_dim = 6;
  const auto timed = make_bidirectional_transformer(shape);
  EXPECT_TRUE(torch::equal(timed->forward({tokens, time}), timed->forward(tokens)))
      << "it has no effect at first";
  const torch::NoGradGuard no_grad;
  timed->named_parameters()["time_proj.weight"].normal_();
  EXPECT_FALSE(torch::allclose(timed->forward({tokens, time}), timed->forward({tokens, time * 2})));
}

TEST(BidirectionalTransformer, RefusesAnImpossibleShape) {
  auto shape = tiny_shape();
  shape.n_embd = 18;
  EXPECT_THROW((void)make_bidirectional_transformer(shape), std::invalid_argument);
}

}  // namespace
}  // namespace millrace::trainer
