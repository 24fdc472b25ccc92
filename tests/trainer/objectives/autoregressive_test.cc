// The autoregressive loss: the chain rule, whose sum over all texts of a length is one
// distribution.
#include "trainer/objectives/autoregressive.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/columns.h"
#include "trainer/models/gpt2.h"

namespace millrace::trainer {
namespace {

using proto::Role;
using testing::batch_of;

TEST(Autoregressive, IsTheCrossEntropyOfTheNextTokens) {
  torch::manual_seed(11);
  const auto y = torch::tensor({{1, 2, 0}, {0, -100, 2}});
  testing::FixedNetwork network(torch::randn({2, 3, 4}, torch::kFloat64));
  const torch::NoGradGuard no_grad;
  const auto loss = make_autoregressive(-100)->loss(
      network, batch_of({{Role::kInput, torch::zeros({2, 3}, torch::kInt64)}, {Role::kTarget, y}}));
  const auto log_p = torch::log_softmax(network.logits, 2);
  EXPECT_NEAR(loss.sum[0].item<double>(),
              -(log_p[0][0][1] + log_p[0][1][2] + log_p[0][2][0]).item<double>(), 1e-12);
  EXPECT_NEAR(loss.sum[1].item<double>(), -(log_p[1][0][0] + log_p[1][2][2]).item<double>(), 1e-12);
  EXPECT_TRUE(torch::equal(loss.weight, torch::tensor({3, 2})));
  EXPECT_FALSE(network.asked.time.defined());
}

TEST(Autoregressive, TheLikelihoodsOfAllTextsOfACausalNetworkAddUpToOne) {
  torch::manual_seed(12);
  const auto model =
      make_gpt2({.vocab_size = 3, .block_size = 4, .n_layer = 2, .n_head = 2, .n_embd = 8});
  model->to(torch::kFloat64);
  // All 27 texts of 3 tokens after a first one that is given.
  auto texts = torch::zeros({27, 4}, torch::kInt64);
  for (std::int64_t n = 0; n < 27; ++n) {
    texts[n][1] = n / 9, texts[n][2] = n / 3 % 3, texts[n][3] = n % 3;
  }
  const torch::NoGradGuard no_grad;
  const auto loss = make_autoregressive(-100)->loss(
      *model,
      batch_of({{Role::kInput, texts.narrow(1, 0, 3)}, {Role::kTarget, texts.narrow(1, 1, 3)}}));
  EXPECT_NEAR(torch::exp(-loss.sum).sum().item<double>(), 1.0, 1e-12);
}

}  // namespace
}  // namespace millrace::trainer
