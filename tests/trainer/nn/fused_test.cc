// The fused operations against LibTorch's single ones: values and gradients in f32 and bf16, and
// the statistics of dropout.
#include "trainer/nn/fused.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <vector>

#include "trainer/nn/cpu_dispatch.h"

namespace millrace::trainer {
namespace {

using torch::Tensor;
using Tensors = std::vector<Tensor>;
using Function = std::function<Tensor(const Tensors&)>;

/// The value for these inputs, and the gradients of Σ value·weights; equal shapes have equal
/// weights.
Tensors value_and_gradients(const Function& function, const Tensors& inputs) {
  Tensors leaves;
  for (const Tensor& input : inputs) leaves.push_back(input.detach().clone().requires_grad_(true));
  const Tensor value = function(leaves);
  const Tensor weights =
      torch::arange(value.numel(), torch::kFloat32).remainder(7).sub(2.5).view(value.sizes());
  (value.to(torch::kFloat32) * weights).sum().backward();
  Tensors all{value.detach()};
  for (const Tensor& leaf : leaves) all.push_back(leaf.grad());
  return all;
}

/// Expects of `fused` the results of `plain` in f64, to within `tolerance` of the largest number.
void expect_same(const Function& fused, const Function& plain, const Tensors& inputs,
                 double tolerance) {
  Tensors exact;
  for (const Tensor& input : inputs) exact.push_back(input.to(torch::kFloat64));
  const auto found = value_and_gradients(fused, inputs), wanted = value_and_gradients(plain, exact);
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].sizes(), wanted[i].sizes()) << i;
    if (i > 0) {
      EXPECT_EQ(found[i].scalar_type(), inputs[i - 1].scalar_type()) << i;
    }
    const double largest = wanted[i].abs().max().item<double>();
    EXPECT_LE((found[i].to(torch::kFloat64) - wanted[i]).abs().max().item<double>(),
              tolerance * largest)
        << i;
  }
}

constexpr double kF32 = 2e-6, kBf16 = 1e-2;  // a few roundings: of 6e-8 in f32, of 4e-3 in bf16

/// Odd sizes, so that no vector loop divides them.
Tensor numbers(at::IntArrayRef sizes, std::int64_t seed) {
  torch::manual_seed(static_cast<std::uint64_t>(seed));
  return torch::randn(sizes) * 1.5;
}
Tensor bf16(const Tensor& x) { return x.to(torch::kBFloat16); }

TEST(Fused, Gelu) {
  const auto x =
      torch::cat({torch::linspace(-12.0, 12.0, 4001), torch::tensor({0.0F, -100.0F, 100.0F})})
          .view({1, 1, -1});
  for (const auto kind : {GeluKind::kExact, GeluKind::kTanh}) {
    const auto fused = [kind](const Tensors& in) { return gelu(in[0], kind); };
    const auto plain = [kind](const Tensors& in) {
      return at::gelu(in[0], kind == GeluKind::kTanh ? "tanh" : "none");
    };
    expect_same(fused, plain, {x}, kF32);
    expect_same(fused, plain, {bf16(x.narrow(2, 0, 4001))}, kBf16);
  }
}

TEST(Fused, GeluOfNanIsNan) {
  const auto x = torch::tensor({NAN, 1.0F, NAN});
  for (const auto kind : {GeluKind::kExact, GeluKind::kTanh}) {
    EXPECT_TRUE(torch::equal(gelu(x, kind).isnan(), x.isnan()));
    EXPECT_TRUE(torch::equal(gelu(bf16(x), kind).isnan(), x.isnan()));
  }
}

Tensor plain_layer_norm(const Tensors& in) {
  const auto scaled = at::layer_norm(in[0], {in[0].size(2)}) * in[1].unsqueeze(1);
  return in.size() > 2 ? scaled + in[2].unsqueeze(1) : scaled;
}

TEST(Fused, LayerNormWithOneWeightOrOneASample) {
  const auto fused = [](const Tensors& in) {
    return layer_norm(in[0], in[1], in.size() > 2 ? in[2] : Tensor());
  };
  const auto x = numbers({3, 37, 29}, 1) + 4.0;
  for (const std::int64_t rows : {1, 3}) {
    expect_same(fused, plain_layer_norm, {x, numbers({rows, 29}, 2), numbers({rows, 29}, 3)},
                kF32 * 4);
    expect_same(fused, plain_layer_norm, {x, numbers({rows, 29}, 2)}, kF32 * 4);
  }
}

TEST(Fused, LayerNormUnderAutocastHasTheDtypeOfProducts) {
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, torch::kBFloat16);
  const auto x = numbers({2, 5, 8}, 1);
  EXPECT_EQ(layer_norm(x, torch::ones({1, 8})).scalar_type(), torch::kBFloat16);
  const auto fused = [](const Tensors& in) { return layer_norm(in[0], in[1], in[2]); };
  expect_same(fused, plain_layer_norm, {x, bf16(numbers({2, 8}, 2)), bf16(numbers({2, 8}, 3))},
              kBf16);
  at::autocast::set_autocast_enabled(at::kCPU, false);
}

Tensor plain_add(const Tensors& in) {
  return in[0] + (in.size() > 2 ? in[2].unsqueeze(1) * in[1] : in[1]);
}

TEST(Fused, AddWithAndWithoutGate) {
  const auto fused = [](const Tensors& in) {
    return residual_dropout(in[0], in[1], in.size() > 2 ? in[2] : Tensor(), 0.0);
  };
  const auto x = numbers({3, 37, 29}, 1), h = numbers({3, 37, 29}, 2), gate = numbers({3, 29}, 3);
  expect_same(fused, plain_add, {x, h}, kF32);
  expect_same(fused, plain_add, {x, h, gate}, kF32);
  expect_same(fused, plain_add, {x, bf16(h), bf16(gate)}, kBf16);
}

TEST(Fused, DropoutDropsTheShareAndKeepsTheMean) {
  torch::manual_seed(5);
  const auto h = torch::ones({8, 512, 64});
  const auto n = static_cast<double>(h.numel());
  for (const double drop : {0.1, 0.5}) {
    const auto kept = residual_dropout(torch::zeros_like(h), h, {}, drop);
    const double share = kept.eq(0.0).sum().item<double>() / n;
    EXPECT_NEAR(share, drop, 5.0 * std::sqrt(drop * (1.0 - drop) / n));
    EXPECT_NEAR(kept.max().item<double>(), 1.0 / (1.0 - drop), 1e-6);
    // Neighbours, rows and samples are dropped independently.
    const auto gone = kept.eq(0.0).to(torch::kFloat64) - drop;
    for (const std::int64_t dimension : {0, 1, 2}) {
      const std::int64_t size = gone.size(dimension) - 1;
      const auto products = gone.narrow(dimension, 0, size) * gone.narrow(dimension, 1, size);
      const double pairs = static_cast<double>(products.numel());
      EXPECT_NEAR(products.sum().item<double>() / pairs, 0.0,
                  5.0 * drop * (1.0 - drop) / std::sqrt(pairs))
          << dimension;
    }
  }
}

TEST(Fused, DropoutMaskIsTheSameInBackwardAndForTheSameSeed) {
  const auto x = torch::zeros({3, 7, 29}), h = numbers({3, 7, 29}, 1), gate = numbers({3, 29}, 2);
  const auto run = [&](std::uint64_t seed) {
    torch::manual_seed(seed);
    return value_and_gradients(
        [](const Tensors& in) { return residual_dropout(in[0], in[1], in[2], 0.4); }, {x, h, gate});
  };
  const auto first = run(9), again = run(9), other = run(10);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_TRUE(torch::equal(first[i], again[i]));
  EXPECT_FALSE(torch::equal(first[0], other[0]));
  const auto mask = first[0] / (gate.unsqueeze(1) * h);  // 0, or 1/0.6
  const Function plain = [&](const Tensors& in) {
    return in[0] + in[2].unsqueeze(1) * in[1] * mask.to(in[0].scalar_type());
  };
  const auto wanted = value_and_gradients(plain, {x, h, gate});
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_TRUE(torch::allclose(first[i], wanted[i], 1e-4, 1e-5)) << i;
  }
}

TEST(Fused, DropoutWithoutResidualHasTheSameMaskInBackward) {
  const auto h = numbers({5, 3, 7, 11}, 1);
  for (const auto& x : {h, bf16(h)}) {
    const auto found =
        value_and_gradients([](const Tensors& in) { return dropout(in[0], 0.3); }, {x});
    const auto mask = found[0].to(torch::kFloat32) / x.to(torch::kFloat32);
    EXPECT_GT(mask.eq(0.0).sum().item<std::int64_t>(), 0);
    const auto weights =
        torch::arange(x.numel(), torch::kFloat32).remainder(7).sub(2.5).view(x.sizes());
    EXPECT_TRUE(torch::allclose(found[1].to(torch::kFloat32), weights * mask, 2e-2, 1e-6));
  }
  EXPECT_TRUE(dropout(h, 0.0).is_same(h));
}

TEST(Fused, TwoDropoutsOfOneStepDiffer) {
  torch::manual_seed(1);
  const auto h = torch::ones({1, 64, 64});
  EXPECT_FALSE(torch::equal(residual_dropout(h, h, {}, 0.5), residual_dropout(h, h, {}, 0.5)));
}

TEST(Fused, Heads) {
  const Rotary rotary(11, 6);
  const auto qkv = numbers({2, 11, 3, 5, 6}, 1);
  const auto joined = [](const Heads& heads) { return torch::cat({heads.q, heads.k, heads.v}, 3); };
  const Function plain = [&](const Tensors& in) {
    Rotary exact = rotary;
    exact.cos = exact.cos.to(torch::kFloat64), exact.sin = exact.sin.to(torch::kFloat64);
    return joined(split_heads(in[0], &exact));
  };
  expect_same([&](const Tensors& in) { return joined(split_heads(in[0], &rotary)); }, plain, {qkv},
              kF32);
  expect_same([&](const Tensors& in) { return joined(split_heads(in[0], &rotary)); }, plain,
              {bf16(qkv)}, kBf16);
  const Function unrotated = [&](const Tensors& in) { return joined(split_heads(in[0], nullptr)); };
  expect_same(unrotated, unrotated, {qkv}, 0.0);
}

TEST(Fused, ParallelForUsesTwoThreads) {
  const int threads = at::get_num_threads();
  at::set_num_threads(2);
  std::atomic<int> parts = 0;
  at::parallel_for(
      0, 2, 1, [&](std::int64_t begin, std::int64_t end) { parts += end - begin == 1 ? 1 : 0; });
  at::set_num_threads(threads);
  EXPECT_EQ(parts, 2);
}

/// The kernels of every instruction set that runs here equal the portable ones up to rounding.
TEST(Fused, EveryInstructionSetGivesTheSameResult) {
  constexpr std::int64_t kRows = 3, kWidth = 45;
  const auto x = numbers({kRows, kWidth}, 4), grad = numbers({kRows, kWidth}, 5),
             weight = numbers({kWidth}, 6), zero = torch::zeros({kWidth});
  const auto at = [](const Tensor& t) { return t.const_data_ptr<float>(); };
  const auto to = [](const Tensor& t) { return t.mutable_data_ptr<float>(); };
  std::vector<Tensors> found;
  for (const CpuKernels* const kernels : runnable_cpu_kernels()) {
    const PointwiseKernels& set = kernels->pointwise;
    Tensors out;
    for (int i = 0; i < 7; ++i) out.push_back(torch::zeros_like(x));
    const auto statistics = torch::zeros({kRows, 2});
    const DropoutMask mask{1, 2, 1U << 30, 1.3F};
    set.f32.gelu(at(x), x.numel(), false, to(out[0]));
    set.f32.gelu_backward(at(x), at(grad), x.numel(), true, to(out[1]));
    set.f32.norm(at(x), at(weight), at(zero), kRows, kWidth, 1e-5F, to(out[2]), to(statistics));
    set.f32.norm_backward(at(x), at(weight), at(statistics), at(grad), kRows, kWidth, to(out[3]),
                          to(out[4]), nullptr);
    set.f32.add(at(x), at(grad), at(weight), mask, 77, kRows, kWidth, to(out[5]));
    set.f32.drop(at(x), mask, 5, x.numel(), to(out[6]));
    found.push_back(out);
  }
  for (const Tensors& other : found) {
    for (std::size_t i = 0; i < other.size(); ++i) {
      EXPECT_TRUE(torch::allclose(other[i], found[0][i], 1e-5, 1e-5)) << i;
    }
  }
}

}  // namespace
}  // namespace millrace::trainer
