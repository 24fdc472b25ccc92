// Our MLP loops against the formula in f64: values and gradients, for every instruction set that
// runs here.
#include "trainer/nn/fused_mlp.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <vector>

#include "trainer/nn/cpu_dispatch.h"

namespace millrace::trainer {
namespace {

using torch::Tensor;
using Tensors = std::vector<Tensor>;

// Relative to the largest number: sums of some hundred products, each rounded to 6e-8.
constexpr double kTolerance = 3e-6;

struct Case {
  std::int64_t rows, width, hidden;
};

/// x, W₁, b₁, W₂, b₂, and the gradient of y.
struct Given {
  Tensor x, first, first_bias, second, second_bias, grad;
};

Given given(const Case& c) {
  torch::manual_seed(5);
  return {torch::randn({1, c.rows, c.width}),
          torch::randn({c.hidden, c.width}) * 0.2,
          torch::randn({c.hidden}),
          torch::randn({c.width, c.hidden}),
          torch::randn({c.width}),
          torch::randn({1, c.rows, c.width})};
}

/// y, and the gradients of x, W₁, b₁, W₂ and b₂, in f64 by LibTorch.
Tensors formula(const Given& numbers, GeluKind kind) {
  Tensors leaves;
  for (const Tensor& leaf :
       {numbers.x, numbers.first, numbers.first_bias, numbers.second, numbers.second_bias}) {
    leaves.push_back(leaf.to(torch::kFloat64).requires_grad_(true));
  }
  const Tensor between = at::gelu(at::linear(leaves[0], leaves[1], leaves[2]),
                                  kind == GeluKind::kTanh ? "tanh" : "none");
  const Tensor y = at::linear(between, leaves[3], leaves[4]);
  y.backward(numbers.grad.to(torch::kFloat64));
  Tensors all{y.detach()};
  for (const Tensor& leaf : leaves) all.push_back(leaf.grad());
  return all;
}

void expect_near(const Tensors& found, const Tensors& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].sizes(), wanted[i].sizes()) << i;
    EXPECT_LE((found[i].to(torch::kFloat64) - wanted[i]).abs().max().item<double>(),
              kTolerance * wanted[i].abs().max().item<double>())
        << i;
  }
}

Tensors by_function(const Given& numbers, GeluKind kind) {
  const Linear first(numbers.first.clone(), numbers.first_bias.clone()),
      second(numbers.second.clone(), numbers.second_bias.clone());
  const Tensor x = numbers.x.clone().requires_grad_(true), y = mlp(x, first, second, kind);
  y.backward(numbers.grad);
  return {y.detach(),           x.grad(),          first.weight.grad(), first.bias.grad(),
          second.weight.grad(), second.bias.grad()};
}

/// Whether y came from our loops, not from LibTorch's operations.
bool is_fused(const Tensor& y) {
  return y.grad_fn() && y.grad_fn()->name().find("MlpFunction") != std::string::npos;
}

class WithThreads : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { at::set_num_threads(GetParam()); }
  void TearDown() override { at::set_num_threads(before_); }

 private:
  int before_ = at::get_num_threads();
};
INSTANTIATE_TEST_SUITE_P(FusedMlp, WithThreads, ::testing::Values(1, 2, 3));

TEST_P(WithThreads, FollowsItsFormula) {
  for (const Case& c :
       std::vector<Case>{{192, 32, 128}, {193, 32, 32}, {999, 64, 160}, {600, 96, 384}}) {
    for (const GeluKind kind : {GeluKind::kExact, GeluKind::kTanh}) {
      SCOPED_TRACE(::testing::Message() << c.rows << " x " << c.width << " x " << c.hidden);
      const Given numbers = given(c);
      expect_near(by_function(numbers, kind), formula(numbers, kind));
    }
  }
}

TEST(FusedMlp, IsUsedOnlyForShapesAndDtypesThatFit) {
  const auto used = [](std::int64_t rows, std::int64_t width, std::int64_t hidden,
                       torch::ScalarType type) {
    const Linear first(torch::randn({hidden, width}).to(type)),
        second(torch::randn({width, hidden}).to(type));
    return is_fused(mlp(torch::randn({1, rows, width}).to(type), first, second, GeluKind::kExact));
  };
  const std::int64_t enough = 64 * at::get_num_threads();
  EXPECT_TRUE(used(enough, 32, 128, torch::kFloat32));
  EXPECT_FALSE(used(enough - 1, 32, 128, torch::kFloat32))
      << "each thread's sums would be larger than what is saved";
  EXPECT_FALSE(used(enough, 30, 128, torch::kFloat32)) << "no whole panels";
  EXPECT_FALSE(used(enough, 32, 130, torch::kFloat32)) << "no whole panels";
  EXPECT_FALSE(used(enough, 32, 128, torch::kFloat64));
}

TEST(FusedMlp, WorksWithoutBias) {
  Given numbers = given({400, 32, 128});
  numbers.first_bias.zero_(), numbers.second_bias.zero_();
  const Linear first(numbers.first.clone()), second(numbers.second.clone());
  const Tensor x = numbers.x.clone().requires_grad_(true),
               y = mlp(x, first, second, GeluKind::kTanh);
  ASSERT_TRUE(is_fused(y));
  y.backward(numbers.grad);
  const Tensors wanted = formula(numbers, GeluKind::kTanh);
  expect_near({y.detach(), x.grad(), first.weight.grad(), second.weight.grad()},
              {wanted[0], wanted[1], wanted[2], wanted[4]});
}

TEST(FusedMlp, GivesTheSameOutputWithoutGradients) {
  const Given numbers = given({999, 64, 256});
  const Linear first(numbers.first, numbers.first_bias),
      second(numbers.second, numbers.second_bias);
  const Tensor with = mlp(numbers.x, first, second, GeluKind::kExact);
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::equal(with, mlp(numbers.x, first, second, GeluKind::kExact)));
}

TEST(FusedMlp, TakesTensorsThatAreNotContiguous) {
  const Given numbers = given({400, 32, 128});
  const Linear first(numbers.first, numbers.first_bias),
      second(numbers.second, numbers.second_bias);
  const Tensor apart = numbers.x.transpose(1, 2).contiguous().transpose(1, 2);
  EXPECT_TRUE(torch::equal(mlp(numbers.x, first, second, GeluKind::kExact),
                           mlp(apart, first, second, GeluKind::kExact)));
}

/// One block by these kernels; parameters' gradients start at 1.
Tensors by_kernels(const MlpKernels& kernels, const Given& numbers, const Case& c, GeluKind kind) {
  const MlpShape shape{
      .rows = c.rows, .width = c.width, .hidden = c.hidden, .with_tanh = kind == GeluKind::kTanh};
  const auto in = [](const Tensor& x) { return x.const_data_ptr<float>(); };
  const auto out = [](const Tensor& x) { return x.mutable_data_ptr<float>(); };
  const auto in_panels = [&](const Tensor& x) {
    return x.view({x.size(0), -1, kernels.panel}).transpose(0, 1).contiguous();
  };
  const Tensor first = in_panels(numbers.first), second = in_panels(numbers.second),
               first_transposed = in_panels(numbers.first.t().contiguous()),
               second_transposed = in_panels(numbers.second.t().contiguous());
  const Tensor between = torch::empty({c.rows, c.hidden});
  const Tensors found{torch::empty_like(numbers.x),     torch::empty_like(numbers.x),
                      torch::ones_like(numbers.first),  torch::ones_like(numbers.first_bias),
                      torch::ones_like(numbers.second), torch::ones_like(numbers.second_bias)};
  std::vector<float> scratch(static_cast<std::size_t>(kernels.scratch(shape)));
  kernels.forward(shape,
                  {.x = in(numbers.x),
                   .first_transposed = in(first_transposed),
                   .second_transposed = in(second_transposed),
                   .first_bias = in(numbers.first_bias),
                   .second_bias = in(numbers.second_bias),
                   .between = out(between),
                   .y = out(found[0])},
                  scratch.data());
  kernels.backward(shape,
                   {.x = in(numbers.x),
                    .between = in(between),
                    .grad = in(numbers.grad),
                    .first = in(first),
                    .second = in(second),
                    .first_bias = in(numbers.first_bias),
                    .grad_x = out(found[1]),
                    .grad_first = out(found[2]),
                    .grad_second = out(found[4]),
                    .grad_first_bias = out(found[3]),
                    .grad_second_bias = out(found[5])},
                   scratch.data());
  for (std::size_t i = 2; i < found.size(); ++i) found[i].sub_(1.0);
  return found;
}

TEST(FusedMlp, EveryInstructionSetFollowsTheFormula) {
  for (const CpuKernels* const set : runnable_cpu_kernels()) {
    for (const Case& c :
         std::vector<Case>{{1, 32, 32}, {7, 64, 160}, {set->mlp.most_rows, 96, 320}}) {
      for (const GeluKind kind : {GeluKind::kExact, GeluKind::kTanh}) {
        SCOPED_TRACE(::testing::Message() << set->lanes << " lanes, " << c.rows << " x " << c.width
                                          << " x " << c.hidden);
        const Given numbers = given(c);
        expect_near(by_kernels(set->mlp, numbers, c, kind), formula(numbers, kind));
      }
    }
  }
}

}  // namespace
}  // namespace millrace::trainer
