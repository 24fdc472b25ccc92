// Our attention loops against the formula in f64: values and gradients, for every instruction set
// that runs here.
#include "trainer/nn/fused_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "trainer/nn/cpu_dispatch.h"

namespace millrace::trainer {
namespace {

using torch::Tensor;

// Relative to the largest number: sums of some hundred products, each rounded to 6e-8.
constexpr double kTolerance = 3e-6;

struct Case {
  std::int64_t samples, heads, length, size;
  bool causal;
};

struct Given {
  Tensor q, k, v, grad;  // [B, heads, L, D]
};

Given given(const Case& c, torch::ScalarType type = torch::kFloat32) {
  torch::manual_seed(3);
  const auto numbers = [&] {
    return torch::randn({c.samples, c.heads, c.length, c.size}).to(type);
  };
  return {numbers() * 2.0, numbers() * 2.0, numbers(), numbers()};
}

Tensor hidden(const Tensor& scores, bool causal) {
  if (!causal) return scores;
  const auto later = torch::ones({scores.size(2), scores.size(3)}, torch::kBool).triu(1);
  return scores.masked_fill(later, -std::numeric_limits<double>::infinity());
}

/// (softmax(q·kᵀ/√D)∘factors)·v.
Tensor formula(const Tensor& q, const Tensor& k, const Tensor& v, bool causal,
               const Tensor& factors) {
  const auto scores =
      torch::matmul(q, k.transpose(2, 3)) / std::sqrt(static_cast<double>(q.size(3)));
  return torch::matmul(torch::softmax(hidden(scores, causal), -1) * factors, v);
}

struct Found {
  Tensor value;
  std::vector<Tensor> gradients;
};

template <class Attention>
Found run(const Given& numbers, torch::ScalarType type, const Attention& attention) {
  std::vector<Tensor> leaves;
  for (const Tensor& leaf : {numbers.q, numbers.k, numbers.v}) {
    leaves.push_back(leaf.to(type).clone().requires_grad_(true));
  }
  const Tensor value = attention(leaves[0], leaves[1], leaves[2]);
  value.backward(numbers.grad.to(type));
  return {value.detach(), {leaves[0].grad(), leaves[1].grad(), leaves[2].grad()}};
}

void expect_near(const Tensor& found, const Tensor& wanted) {
  ASSERT_EQ(found.sizes(), wanted.sizes());
  EXPECT_LE((found.to(torch::kFloat64) - wanted).abs().max().item<double>(),
            kTolerance * wanted.abs().max().item<double>());
}

void expect_formula(const Found& found, const Given& numbers, bool causal, const Tensor& factors) {
  const Found wanted =
      run(numbers, torch::kFloat64, [&](const Tensor& q, const Tensor& k, const Tensor& v) {
        return formula(q, k, v, causal, factors);
      });
  expect_near(found.value, wanted.value);
  for (std::size_t i = 0; i < 3; ++i) expect_near(found.gradients[i], wanted.gradients[i]);
}

const std::vector<Case> kCases{{2, 3, 128, 32, false}, {1, 2, 128, 32, true}, {1, 1, 1, 16, false},
                               {1, 1, 1, 16, true},    {2, 2, 7, 16, true},   {1, 2, 49, 48, false},
                               {1, 2, 61, 64, true},   {1, 1, 300, 80, true}};

TEST(FusedAttention, FollowsItsFormula) {
  const auto one = torch::ones({1}, torch::kFloat64);
  for (const Case& c : kCases) {
    SCOPED_TRACE(::testing::Message()
                 << c.length << " x " << c.size << (c.causal ? ", causal" : ""));
    const Given numbers = given(c);
    ASSERT_TRUE(fits_fused_attention(numbers.q, numbers.k));
    const Found found =
        run(numbers, torch::kFloat32, [&](const Tensor& q, const Tensor& k, const Tensor& v) {
          return fused_attention(q, k, v, {.causal = c.causal});
        });
    expect_formula(found, numbers, c.causal, one);
  }
}

TEST(FusedAttention, TakesTensorsThatAreNotContiguous) {
  const Given numbers = given({2, 3, 20, 32, false});
  const auto strided = [](const Tensor& x) {
    return x.transpose(1, 2).contiguous().transpose(1, 2);
  };
  const Found plain =
      run(numbers, torch::kFloat32, [](const Tensor& q, const Tensor& k, const Tensor& v) {
        return fused_attention(q, k, v, {});
      });
  const Found found = run({numbers.q, numbers.k, numbers.v, strided(numbers.grad)}, torch::kFloat32,
                          [&](const Tensor& q, const Tensor& k, const Tensor& v) {
                            const auto far = v.repeat({1, 1, 1, 2})
                                                 .view({2, 3, 20, 2, 32})
                                                 .transpose(3, 4)
                                                 .contiguous()
                                                 .select(4, 0);
                            return fused_attention(strided(q), strided(k), far, {});
                          });
  EXPECT_TRUE(torch::equal(plain.value, found.value));
  EXPECT_TRUE(torch::equal(plain.gradients[0], found.gradients[0]));
  EXPECT_TRUE(torch::equal(plain.gradients[1], found.gradients[1]));
  EXPECT_TRUE(torch::equal(plain.gradients[2], found.gradients[2]));
}

/// The dropout factors of the weights [B, heads, L, L] for this seed, seen through values that are
/// the identity.
Tensor factors_of(const Case& c, double drop, std::uint64_t seed) {
  const torch::NoGradGuard no_grad;
  const auto nothing = torch::zeros({c.samples, c.heads, c.length, c.length});
  torch::manual_seed(seed);
  const auto even =
      fused_attention(nothing, nothing, torch::eye(c.length).expand_as(nothing), {.dropout = drop});
  return even * static_cast<double>(c.length);
}

TEST(FusedAttention, BackwardUsesTheDropoutMaskOfForward) {
  constexpr double kDrop = 0.3;
  for (const bool causal : {false, true}) {
    const Case c{2, 2, 64, 64, causal};
    const Tensor factors = factors_of(c, kDrop, 11);
    const double kept = factors.gt(0).to(torch::kFloat64).mean().item<double>();
    EXPECT_NEAR(kept, 1.0 - kDrop, 0.02);  // 16384 weights: five deviations
    EXPECT_NEAR(factors.max().item<double>(), 1.0 / (1.0 - kDrop), 1e-4);
    EXPECT_FALSE(torch::equal(factors, factors_of(c, kDrop, 12)));

    const Given numbers = given(c);
    torch::manual_seed(11);
    const Found found =
        run(numbers, torch::kFloat32, [&](const Tensor& q, const Tensor& k, const Tensor& v) {
          return fused_attention(q, k, v, {.dropout = kDrop, .causal = causal});
        });
    expect_formula(found, numbers, causal, factors.gt(0).to(torch::kFloat64) / (1.0 - kDrop));
  }
}

TEST(FusedAttention, NanStaysNan) {
  Given numbers = given({1, 1, 20, 16, false});
  numbers.q[0][0][3][5] = std::numeric_limits<float>::quiet_NaN();
  const auto value = fused_attention(numbers.q, numbers.k, numbers.v, {});
  EXPECT_TRUE(value[0][0][3].isnan().all().item<bool>());
  EXPECT_FALSE(value[0][0][4].isnan().any().item<bool>());
}

TEST(FusedAttention, RefusesShapesAndDtypesThatDoNotFit) {
  const auto numbers = [](std::int64_t length, std::int64_t size) {
    return torch::zeros({1, 1, length, size});
  };
  EXPECT_FALSE(fits_fused_attention(numbers(4, 16), numbers(5, 16))) << "fewer queries than keys";
  EXPECT_FALSE(fits_fused_attention(numbers(4, 18), numbers(4, 18))) << "no multiple of the lanes";
  EXPECT_FALSE(fits_fused_attention(numbers(4, 16).to(torch::kBFloat16),
                                    numbers(4, 16).to(torch::kBFloat16)));
  EXPECT_FALSE(
      fits_fused_attention(numbers(4, 16).to(torch::kFloat64), numbers(4, 16).to(torch::kFloat64)));
  EXPECT_FALSE(fits_fused_attention(numbers(0, 16), numbers(0, 16)));
}

/// All heads by these kernels.
Found by_kernels(const AttentionKernels& kernels, const Given& numbers, const Case& c) {
  const Tensor out = torch::empty_like(numbers.q),
               logsumexp = torch::empty({c.samples * c.heads, c.length});
  Found found{out, {torch::empty_like(out), torch::empty_like(out), torch::empty_like(out)}};
  std::vector<float> scratch(static_cast<std::size_t>(kernels.scratch(c.length, c.size)));
  for (std::int64_t head = 0; head < c.samples * c.heads; ++head) {
    const auto rows = [&](const Tensor& x) {
      return Rows<const float>{x.const_data_ptr<float>() + head * c.length * c.size, c.size};
    };
    const auto to = [&](const Tensor& x) {
      return x.mutable_data_ptr<float>() + head * c.length * c.size;
    };
    const AttentionShape shape{c.length, c.size, c.causal, {}, head};
    const AttentionInput in{rows(numbers.q), rows(numbers.k), rows(numbers.v)};
    float* const sums = logsumexp.mutable_data_ptr<float>() + head * c.length;
    kernels.forward(shape, in, {to(out), c.size}, sums, scratch.data());
    kernels.backward(shape, in, rows(out), sums, rows(numbers.grad), to(found.gradients[0]),
                     to(found.gradients[1]), to(found.gradients[2]), scratch.data());
  }
  return found;
}

TEST(FusedAttention, EveryInstructionSetFollowsTheFormula) {
  const auto one = torch::ones({1}, torch::kFloat64);
  for (const CpuKernels* const kernels : runnable_cpu_kernels()) {
    for (const Case& c : kCases) {
      SCOPED_TRACE(::testing::Message()
                   << kernels->lanes << " lanes, " << c.length << " x " << c.size);
      const Given numbers = given(c);
      expect_formula(by_kernels(kernels->attention, numbers, c), numbers, c.causal, one);
    }
  }
}

}  // namespace
}  // namespace millrace::trainer
