// GPT-2: nanoGPT's names and sizes, and that no position sees what follows it.
#include "trainer/gpt2.h"

#include <gtest/gtest.h>

#include "trainer/attention.h"
#include "trainer/gradient.h"

namespace millrace::trainer {
namespace {

Gpt2Shape tiny_shape() { return {.vocab_size = 11, .block_size = 12, .n_layer = 2, .n_head = 2, .n_embd = 16}; }

std::int64_t values_of(const Model& model) {
  std::int64_t values = 0;
  for (const auto& parameter : model.parameters()) values += parameter.numel();
  return values;
}

TEST(Gpt2, HasNanoGptsNamesAndSizes) {
  const auto model = make_gpt2(tiny_shape());
  std::vector<std::string> names;
  for (const auto& [name, parameter] : parameters_of(*model)) names.push_back(name);
  EXPECT_EQ(names[0], "transformer.wte.weight");
  EXPECT_EQ(names[1], "transformer.wpe.weight");
  EXPECT_EQ(names.back(), "transformer.ln_f.bias");
  EXPECT_NE(std::ranges::find(names, "transformer.h.1.attn.c_attn.bias"), names.end());
  EXPECT_EQ(names.size(), 2U + 2 * 12 + 2);
  EXPECT_EQ(values_of(*model), 11 * 16 + 12 * 16 + 2 * (12 * 16 * 16 + 13 * 16) + 2 * 16);
  auto plain = tiny_shape();
  plain.bias = false;
  EXPECT_EQ(values_of(*make_gpt2(plain)), 11 * 16 + 12 * 16 + 2 * (12 * 16 * 16 + 2 * 16) + 16);
}

TEST(Gpt2, NoPositionSeesWhatFollowsIt) {
  torch::manual_seed(31);
  const auto model = make_gpt2(tiny_shape());
  const auto tokens = torch::arange(10).view({1, 10});
  auto changed = tokens.clone();
  changed[0][6] = 0;
  const auto difference = (model->forward(tokens) - model->forward(changed)).abs().amax(2)[0];
  EXPECT_EQ(difference.narrow(0, 0, 6).max().item<float>(), 0.0F);
  EXPECT_GT(difference.narrow(0, 6, 4).min().item<float>(), 0.0F);
}

TEST(Attention, SpelledOutItIsCausalToo) {
  torch::manual_seed(32);
  const auto q = torch::randn({1, 2, 8, 4}), k = torch::randn({1, 2, 8, 4}), v = torch::randn({1, 2, 8, 4});
  const auto half = [](const torch::Tensor& x) { return x.to(torch::kBFloat16); };
  for (const bool causal : {false, true}) {
    const auto wanted = attend(q, k, v, {.causal = causal});
    const auto found = attend(half(q), half(k), half(v), {.causal = causal}).to(torch::kFloat32);
    EXPECT_LT((wanted - found).abs().max().item<float>(), 0.05F) << causal;
  }
}

TEST(Gpt2, WordsDependOnWhereTheyStand) {
  torch::manual_seed(33);
  const auto model = make_gpt2(tiny_shape());
  model->eval();
  const auto hidden = model->encode(torch::full({1, 4}, 3));
  EXPECT_GT((hidden[0][0] - hidden[0][1]).abs().max().item<float>(), 0.01F);
}

TEST(Gpt2, RefusesAShapeThatCannotBe) {
  auto shape = tiny_shape();
  shape.n_head = 3;
  EXPECT_THROW((void)make_gpt2(shape), std::invalid_argument);
}

}  // namespace
}  // namespace millrace::trainer
