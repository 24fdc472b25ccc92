// Linear maps against LibTorch's in f64: values and gradients, at sizes below and above the switch
// to another library.
#include "trainer/nn/linear_map.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "trainer/nn/cpu_dispatch.h"

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
  for (const Tensor& input : inputs) {
    leaves.push_back(input.to(type).detach().clone().requires_grad_(true));
  }
  const Tensor value = map(leaves);
  (value * torch::arange(value.numel(), type).remainder(7).sub(2.5).view(value.sizes()))
      .sum()
      .backward();
  Tensors all{value.detach().to(torch::kFloat64)};
  for (const Tensor& leaf : leaves) all.push_back(leaf.grad().to(torch::kFloat64));
  return all;
}

void expect_like_torch(const Tensors& inputs) {
  const auto ours = [](const Tensors& in) {
    return linear_map(in[0], in[1], in.size() > 2 ? in[2] : Tensor());
  };
  const auto theirs = [](const Tensors& in) {
    return at::linear(in[0], in[1], in.size() > 2 ? std::optional(in[2]) : std::nullopt);
  };
  const auto found = value_and_gradients(ours, inputs, torch::kFloat32),
             wanted = value_and_gradients(theirs, inputs, torch::kFloat64);
  ASSERT_EQ(found.size(), inputs.size() + 1);
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].sizes(), wanted[i].sizes()) << i;
    EXPECT_LE((found[i] - wanted[i]).abs().max().item<double>(),
              1e-5 * wanted[i].abs().max().item<double>())
        << i;
  }
}

TEST(LinearMap, EqualsLibTorchsAtEverySize) {
  for (const std::int64_t rows : {1, 7, 300}) {
    SCOPED_TRACE(rows);
    expect_like_torch({numbers({3, rows, 129}, 1), numbers({67, 129}, 2), numbers({67}, 3)});
    expect_like_torch({numbers({3, rows, 129}, 1), numbers({67, 129}, 2)});
    expect_like_torch({numbers({3, rows, 128}, 1), numbers({67, 128}, 2), numbers({67}, 3)});
    expect_like_torch({numbers({3, rows, 256}, 1), numbers({80, 256}, 2)});
  }
}

TEST(LinearMap, TakesATransposedInput) {
  const Tensor x = numbers({129, 900}, 1), weight = numbers({67, 129}, 2);
  const Tensor wanted = at::linear(x.t().to(torch::kFloat64), weight.to(torch::kFloat64));
  EXPECT_LE((linear_map(x.t(), weight, {}).to(torch::kFloat64) - wanted).abs().max().item<double>(),
            1e-4);
}

TEST(LinearMap, ComputesNoGradientThatIsNotNeeded) {
  const Tensor x = numbers({900, 129}, 1), weight = numbers({67, 129}, 2).requires_grad_(true);
  linear_map(x, weight, {}).sum().backward();
  EXPECT_FALSE(x.grad().defined());
  EXPECT_LE((weight.grad() - x.sum(0).expand({67, 129})).abs().max().item<double>(), 1e-3);
}

TEST(LinearMap, TheBiasAloneMayNeedAGradient) {
  const Tensor x = numbers({900, 128}, 1), weight = numbers({67, 128}, 2),
               bias = numbers({67}, 3).requires_grad_(true);
  linear_map(x, weight, bias).sum().backward();
  EXPECT_TRUE(torch::equal(bias.grad(), torch::full({67}, 900.0F)));
}

/// The rows of g and x are further apart than they are long, as for a thread with some columns of
/// g.
TEST(GemmTN, EveryInstructionSetEqualsTheProductInF64) {
  constexpr std::int64_t kApart = 3;
  for (const CpuKernels* const kernels : runnable_cpu_kernels()) {
    for (const auto& [rows, outputs, vectors] : std::vector<std::array<std::int64_t, 3>>{
             {1, 1, 1}, {5, 8, 2}, {300, 13, 3}, {256, 24, 5}, {700, 67, 2}}) {
      const GemmKernels& run = kernels->gemm;
      const std::int64_t inputs = vectors * kernels->lanes;
      SCOPED_TRACE(::testing::Message()
                   << kernels->lanes << " lanes, " << rows << " x " << outputs << " x " << inputs);
      const Tensor g = numbers({rows, outputs + kApart}, 4),
                   x = numbers({rows, inputs + kApart}, 5);
      const Tensor out = torch::full({outputs, inputs}, 7.0F), sums = torch::full({outputs}, 7.0F);
      std::vector<float> scratch(static_cast<std::size_t>(run.scratch(outputs)));
      GemmTN product{.g = {g.const_data_ptr<float>(), outputs + kApart},
                     .x = {x.const_data_ptr<float>(), inputs + kApart},
                     .rows = rows,
                     .outputs = outputs,
                     .inputs = inputs,
                     .out = out.mutable_data_ptr<float>(),
                     .sums = sums.mutable_data_ptr<float>()};
      run.gemm_tn(product, scratch.data());
      const Tensor exact = g.narrow(1, 0, outputs).to(torch::kFloat64);
      const Tensor wanted = at::mm(exact.t(), x.narrow(1, 0, inputs).to(torch::kFloat64));
      EXPECT_LE((out - wanted).abs().max().item<double>(),
                1e-5 * wanted.abs().max().item<double>());
      EXPECT_LE((sums - exact.sum(0)).abs().max().item<double>(),
                1e-5 * exact.abs().sum(0).max().item<double>());

      sums.fill_(7.0);
      product.sums = nullptr;
      run.gemm_tn(product, scratch.data());
      EXPECT_LE((out - wanted).abs().max().item<double>(),
                1e-5 * wanted.abs().max().item<double>());
      EXPECT_TRUE(torch::equal(sums, torch::full_like(sums, 7.0)));
    }
  }
}

}  // namespace
}  // namespace millrace::trainer
