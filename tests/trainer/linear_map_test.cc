// Linear maps against LibTorch's in f64: values and gradients, small ones and ones that are large enough for another library.
#include "trainer/linear_map.h"

#include <gtest/gtest.h>

#include <vector>

namespace millrace::trainer {
namespace {

using torch::Tensor;
using Tensors = std::vector<Tensor>;

Tensor numbers(at::IntArrayRef sizes, std::uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn(sizes);
}

/// The value and the gradients of Σ value·weights, all in f64.
template <class Map>
Tensors value_and_gradients(const Map& map, const Tensors& inputs, torch::ScalarType type) {
  Tensors leaves;
  for (const Tensor& input : inputs) leaves.push_back(input.to(type).detach().clone().requires_grad_(true));
  const Tensor value = map(leaves);
  (value * torch::arange(value.numel(), type).remainder(7).sub(2.5).view(value.sizes())).sum().backward();
  Tensors all{value.detach().to(torch::kFloat64)};
  for (const Tensor& leaf : leaves) all.push_back(leaf.grad().to(torch::kFloat64));
  return all;
}

void expect_like_torch(const Tensors& inputs) {
  const auto ours = [](const Tensors& in) { return linear_map(in[0], in[1], in.size() > 2 ? in[2] : Tensor()); };
  const auto theirs = [](const Tensors& in) {
    return at::linear(in[0], in[1], in.size() > 2 ? std::optional(in[2]) : std::nullopt);
  };
  const auto found = value_and_gradients(ours, inputs, torch::kFloat32),
             wanted = value_and_gradients(theirs, inputs, torch::kFloat64);
  ASSERT_EQ(found.size(), inputs.size() + 1);
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].sizes(), wanted[i].sizes()) << i;
    EXPECT_LE((found[i] - wanted[i]).abs().max().item<double>(), 1e-5 * wanted[i].abs().max().item<double>()) << i;
  }
}

TEST(LinearMap, IsLibTorchsWhateverTheSize) {
  for (const std::int64_t rows : {1, 7, 300}) {
    SCOPED_TRACE(rows);
    expect_like_torch({numbers({3, rows, 129}, 1), numbers({67, 129}, 2), numbers({67}, 3)});
    expect_like_torch({numbers({3, rows, 129}, 1), numbers({67, 129}, 2)});
  }
}

TEST(LinearMap, OfATransposedInput) {
  const Tensor x = numbers({129, 900}, 1), weight = numbers({67, 129}, 2);
  const Tensor wanted = at::linear(x.t().to(torch::kFloat64), weight.to(torch::kFloat64));
  EXPECT_LE((linear_map(x.t(), weight, {}).to(torch::kFloat64) - wanted).abs().max().item<double>(), 1e-4);
}

TEST(LinearMap, AsksForNoGradientThatNobodyWants) {
  const Tensor x = numbers({900, 129}, 1), weight = numbers({67, 129}, 2).requires_grad_(true);
  linear_map(x, weight, {}).sum().backward();
  EXPECT_FALSE(x.grad().defined());
  EXPECT_LE((weight.grad() - x.sum(0).expand({67, 129})).abs().max().item<double>(), 1e-3);
}

}  // namespace
}  // namespace millrace::trainer
