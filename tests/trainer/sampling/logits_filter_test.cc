// From logits to probabilities: temperature at its limits.
#include "trainer/sampling/logits_filter.h"

#include <gtest/gtest.h>

#include <limits>

namespace millrace::trainer {
namespace {

TEST(LogitsFilter, TheLowestTemperaturesTakeTheLikeliestAndShareBetweenEquals) {
  const auto logits = torch::tensor({{-3.0, 88.0, 87.9}, {1.5, 1.5, -1e30}}, torch::kFloat32);
  const auto expected = torch::tensor({{0.0, 1.0, 0.0}, {0.5, 0.5, 0.0}}, torch::kFloat64);
  for (const double temperature :
       {1e-4, 1e-300, 1e-308, std::numeric_limits<double>::denorm_min()}) {
    EXPECT_TRUE(torch::equal(probabilities_of(logits, {.temperature = temperature}), expected))
        << temperature;
  }
}

TEST(LogitsFilter, HighTemperaturesApproachTheUniformDistribution) {
  const auto p = probabilities_of(torch::tensor({{-30.0, 0.0, 30.0, 5.0}}), {.temperature = 1e6});
  EXPECT_TRUE(torch::allclose(p, torch::full({1, 4}, 0.25, torch::kFloat64), 1e-4));
}

}  // namespace
}  // namespace millrace::trainer
