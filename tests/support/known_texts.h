// For tests of samplers: a known distribution of texts of two tokens over three letters, and a
// network that knows it.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "trainer/sampling/sampler.h"

namespace millrace::testing {

inline constexpr std::int64_t kLetters = 3;
inline constexpr std::int64_t kLetterMask = kLetters;

/// p(first, second), f64 [3, 3]: correlated, uneven, one text impossible.
inline torch::Tensor known_texts() {
  return torch::tensor({{0.30, 0.05, 0.02}, {0.04, 0.20, 0.06}, {0.15, 0.00, 0.18}},
                       torch::kFloat64);
}
/// The distribution of texts whose two tokens are drawn at once, each from its marginal, with
/// probability `both`, and else one after the other.
inline torch::Tensor texts_at_once(double both) {
  const auto p = known_texts();
  return both * torch::outer(p.sum(1), p.sum(0)) + (1.0 - both) * p;
}

/// ln p(x_0 | x) at each position of x [B, 2], which may hold masks: [B, 2, 4]. The fourth column
/// is the mask's, a high value that a sampler must ignore.
inline torch::Tensor log_posterior(const torch::Tensor& x) {
  const auto p = known_texts();
  // [second or mask, first].
  const auto given_second = torch::cat({p / p.sum(0, true), p.sum(1, true)}, 1).t();
  // [first or mask, second].
  const auto given_first = torch::cat({p / p.sum(1, true), p.sum(0, true)}, 0);
  const auto both = torch::stack(
      {given_second.index_select(0, x.select(1, 1)), given_first.index_select(0, x.select(1, 0))},
      1);
  return torch::cat({both.log(), torch::full({x.size(0), 2, 1}, 5.0, torch::kFloat64)}, 2);
}

/// A network whose logits are answer(input). Counts its calls and the samples in them.
struct KnowingNetwork : trainer::Network {
  using Answer = torch::Tensor (*)(const trainer::NetworkInput&);
  explicit KnowingNetwork(Answer given) : answer(given) {}
  torch::Tensor encode(const trainer::NetworkInput& input) override {
    ++calls;
    rows += input.tokens.size(0);
    return answer(input);
  }
  torch::Tensor project(const torch::Tensor& hidden) override { return hidden; }
  Answer answer;
  std::uint64_t calls = 0;
  std::int64_t rows = 0;
};

/// An input without given tokens.
inline trainer::SamplerInput empty_input(std::int64_t samples, std::int64_t length) {
  return {torch::zeros({samples, length}, torch::kInt64),
          torch::zeros({samples, length}, torch::kBool)};
}

/// How often each text of two letters was drawn: f64 [3, 3].
inline torch::Tensor counts_of(const torch::Tensor& texts) {
  return torch::bincount(texts.select(1, 0) * kLetters + texts.select(1, 1), {},
                         kLetters * kLetters)
      .view({kLetters, kLetters})
      .to(torch::kFloat64);
}

/// Expects Pearson's χ² of the counts against the distribution `wanted` within 5 standard
/// deviations of its mean, and no count where the probability is 0.
inline void expect_distribution(const torch::Tensor& counts, const torch::Tensor& wanted) {
  const auto possible = wanted.gt(0.0);
  EXPECT_EQ(counts.masked_select(possible.logical_not()).sum().item<double>(), 0.0);
  const auto expected = wanted.masked_select(possible) * counts.sum();
  const double chi2 =
      ((counts.masked_select(possible) - expected).square() / expected).sum().item<double>();
  const double freedom = static_cast<double>(expected.numel() - 1);
  EXPECT_LT(chi2, freedom + 5.0 * std::sqrt(2.0 * freedom)) << counts << wanted * counts.sum();
}

}  // namespace millrace::testing
