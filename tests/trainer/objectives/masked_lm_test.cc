// The masked language model's loss against its closed form.
#include "trainer/objectives/masked_lm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/columns.h"
#include "tests/support/masked_stream.h"

namespace millrace::trainer {
namespace {

using testing::FixedNetwork;
using testing::masked_batch;
using testing::masked_meta;

constexpr std::int64_t kIgnore = -100;

DeviceBatch wide_batch(std::uint64_t first, std::uint32_t count) {
  return to_device(masked_meta(), masked_batch({proto::Split::kTrain, first, count, std::nullopt}),
                   CopyStream(torch::kCPU));
}

TEST(MaskedLm, IsTheCrossEntropyOfItsDefinition) {
  const auto batch = wide_batch(0, 6);
  torch::manual_seed(3);
  FixedNetwork network(torch::randn({6, 12, 11}, torch::kFloat64));
  const auto loss = make_masked_lm(kIgnore)->loss(network, batch);
  const auto y = batch.at(proto::Role::kTarget);
  for (std::int64_t b = 0; b < 6; ++b) {
    double sum = 0.0;
    std::int64_t weight = 0;
    for (std::int64_t i = 0; i < 12; ++i) {
      const auto target = y[b][i].item<std::int64_t>();
      if (target == kIgnore) continue;
      const auto logits = network.logits[b][i];
      sum += std::log(logits.exp().sum().item<double>()) - logits[target].item<double>();
      ++weight;
    }
    EXPECT_NEAR(loss.sum[b].item<double>(), sum, 1e-12);
    EXPECT_EQ(loss.weight[b].item<std::int64_t>(), weight);
  }
  EXPECT_EQ(loss.weight[5].item<std::int64_t>(), 0) << "sample 5 has no target";
}

TEST(MaskedLm, UniformLogitsGiveTheLogarithmOfTheVocabulary) {
  FixedNetwork network(torch::zeros({4, 12, 11}));
  const auto loss = make_masked_lm(kIgnore)->loss(network, wide_batch(0, 4));
  EXPECT_NEAR((loss.sum / loss.weight).mean().item<double>(), std::log(11.0), 1e-6);
}

TEST(MaskedLm, CountsCorrectPredictions) {
  const auto batch = wide_batch(0, 4);
  const auto y = batch.at(proto::Role::kTarget);
  FixedNetwork network(torch::one_hot(y.clamp_min(0), 11).to(torch::kFloat32));
  const torch::NoGradGuard no_grad;
  const auto loss = make_masked_lm(kIgnore)->loss(network, batch);
  EXPECT_TRUE(torch::equal(loss.metrics.at("accuracy"), loss.weight.to(torch::kFloat64)));
}

}  // namespace
}  // namespace millrace::trainer
