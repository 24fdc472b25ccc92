// Rotary positions: products depend on distances, and the angles are the paper's.
#include "trainer/nn/rotary.h"

#include <gtest/gtest.h>

#include <cmath>

namespace millrace::trainer {
namespace {

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

TEST(Rotary, RotatesPairsByThePapersAngles) {
  const Rotary rotary(4, 4);
  const auto rotated =
      rotary.rotate(torch::tensor({1.0F, 1.0F, 0.0F, 0.0F}).expand({1, 4, 1, 4})).squeeze();
  const double slow = std::pow(10000.0, -2.0 / 4.0);
  const auto row = rotated[3];
  EXPECT_NEAR(row[0].item<double>(), std::cos(3.0), 1e-6);
  EXPECT_NEAR(row[2].item<double>(), std::sin(3.0), 1e-6);
  EXPECT_NEAR(row[1].item<double>(), std::cos(3.0 * slow), 1e-6);
  EXPECT_NEAR(row[3].item<double>(), std::sin(3.0 * slow), 1e-6);
}

}  // namespace
}  // namespace millrace::trainer
