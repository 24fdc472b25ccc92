// The operations of a training step, counted by hand.
#include "trainer/bench/model_flops.h"

#include <gtest/gtest.h>

namespace millrace::trainer {
namespace {

TEST(ModelFlops, Gpt2EqualsTheCountByHand) {
  const config::ModelOptions gpt2{.n_layer = 12, .n_head = 12, .n_embd = 768};
  constexpr double kBlocks = 12 * 7'077'888.0, kHead = 38'597'376.0,
                   kAttention = 12 * 12 * 768 * 1024.0;
  EXPECT_DOUBLE_EQ(model_flops_per_token(gpt2, 50257, 1024), 6 * (kBlocks + kHead) + kAttention);
}

TEST(ModelFlops, AttentionGrowsWithTheSequenceAndTheHeadWithTheVocabulary) {
  const config::ModelOptions small{.n_layer = 4, .n_head = 4, .n_embd = 128};
  const double flops = model_flops_per_token(small, 66, 128);
  EXPECT_DOUBLE_EQ(model_flops_per_token(small, 66, 256) - flops, 12 * 4 * 128 * 128.0);
  EXPECT_DOUBLE_EQ(model_flops_per_token(small, 67, 128) - flops, 6 * 128.0);
}

}  // namespace
}  // namespace millrace::trainer
