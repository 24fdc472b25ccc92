// GPT-2: nanoGPT's names and sizes, the causal mask, and that decoding with a cache equals one pass
// over the whole text.
#include "trainer/models/gpt2.h"

#include <gtest/gtest.h>

#include "trainer/device/precision.h"
#include "trainer/models/parameters.h"
#include "trainer/nn/attention.h"

namespace millrace::trainer {
namespace {

Gpt2Shape tiny_shape() {
  return {.vocab_size = 11, .block_size = 12, .n_layer = 2, .n_head = 2, .n_embd = 16};
}

std::int64_t values_of(const Model& model) {
  std::int64_t values = 0;
  for (const auto& parameter : model.parameters()) values += parameter.numel();
  return values;
}

TEST(Gpt2, HasNanoGptsNamesAndSizes) {
  const auto model = make_gpt2(tiny_shape());
  std::vector<std::string> names;
  for (const auto& [name, parameter] : parameters_of(*model)) names.push_back(name);
  EXPECT_EQ(names[0], "transformer.wte.weight");
  EXPECT_EQ(names[1], "transformer.wpe.weight");
  EXPECT_EQ(names.back(), "transformer.ln_f.bias");
  EXPECT_NE(std::ranges::find(names, "transformer.h.1.attn.c_attn.bias"), names.end());
  EXPECT_EQ(names.size(), 2U + 2 * 12 + 2);
  EXPECT_EQ(values_of(*model), 11 * 16 + 12 * 16 + 2 * (12 * 16 * 16 + 13 * 16) + 2 * 16);
  auto plain = tiny_shape();
  plain.bias = false;
  EXPECT_EQ(values_of(*make_gpt2(plain)), 11 * 16 + 12 * 16 + 2 * (12 * 16 * 16 + 2 * 16) + 16);
}

TEST(Gpt2, NoPositionSeesWhatFollowsIt) {
  torch::manual_seed(31);
  const auto model = make_gpt2(tiny_shape());
  const auto tokens = torch::arange(10).view({1, 10});
  auto changed = tokens.clone();
  changed[0][6] = 0;
  const auto difference = (model->forward(tokens) - model->forward(changed)).abs().amax(2)[0];
  EXPECT_EQ(difference.narrow(0, 0, 6).max().item<float>(), 0.0F);
  EXPECT_GT(difference.narrow(0, 6, 4).min().item<float>(), 0.0F);
}

TEST(Attention, UnfusedEqualsFusedWithAndWithoutCausalMask) {
  torch::manual_seed(32);
  const auto q = torch::randn({1, 2, 8, 4}), k = torch::randn({1, 2, 8, 4}),
             v = torch::randn({1, 2, 8, 4});
  const auto half = [](const torch::Tensor& x) { return x.to(torch::kBFloat16); };
  for (const bool causal : {false, true}) {
    const auto wanted = attend(q, k, v, {.causal = causal});
    const auto found = attend(half(q), half(k), half(v), {.causal = causal}).to(torch::kFloat32);
    EXPECT_LT((wanted - found).abs().max().item<float>(), 0.05F) << causal;
  }
}

TEST(Attention, FewerQueriesThanKeysAreTheLastPositions) {
  torch::manual_seed(34);
  const auto q = torch::randn({2, 2, 8, 4}), k = torch::randn({2, 2, 8, 4}),
             v = torch::randn({2, 2, 8, 4});
  for (const auto& [type, most] :
       {std::pair{torch::kFloat32, 1e-5F}, std::pair{torch::kBFloat16, 0.05F}}) {
    const auto all = attend(q, k, v, {.causal = true});
    for (const std::int64_t queries : {1, 3, 8}) {
      const auto last = attend(q.narrow(2, 8 - queries, queries).to(type), k.to(type), v.to(type),
                               {.causal = true});
      EXPECT_LT((last - all.narrow(2, 8 - queries, queries)).abs().max().item<float>(), most)
          << type << ' ' << queries;
    }
  }
}

/// Logits of tokens [B, L] that a decoder reads in parts of these lengths, whose sum is L.
torch::Tensor read_in_parts(Model& model, const torch::Tensor& tokens,
                            const std::vector<std::int64_t>& lengths) {
  const auto decoder = model.decoder(tokens.size(1));
  std::vector<torch::Tensor> parts;
  std::int64_t at = 0;
  for (const std::int64_t length : lengths) {
    parts.push_back(model.project(decoder->read(tokens.narrow(1, at, length))));
    at += length;
  }
  return at::cat(parts, 1);
}

/// The largest difference between decoding in parts and one pass, for texts of 10 tokens.
double largest_difference(torch::ScalarType compute, const std::vector<std::int64_t>& lengths) {
  torch::manual_seed(35);
  const Precision precision{compute};
  const auto model = make_gpt2(tiny_shape());
  model->to(precision.parameters());
  model->eval();
  for (auto& parameter : model->parameters()) {
    // Logits of the size of trained ones.
    if (parameter.dim() == 2) {
      parameter.set_data(parameter.detach() * 10.0);
    }
  }
  const auto tokens = torch::randint(11, {3, 10}, torch::kInt64);
  const torch::NoGradGuard no_grad;
  const AutocastScope autocast(precision, torch::kCPU);
  const auto whole = model->forward(tokens);
  EXPECT_GT(whole.abs().max().item<double>(), 1.0);
  return (read_in_parts(*model, tokens, lengths) - whole).abs().max().item<double>();
}

TEST(Gpt2, DecodingInPartsEqualsOnePass) {
  const std::vector<std::vector<std::int64_t>> cuts{
      {10}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {5, 1, 1, 1, 1, 1}, {2, 3, 1, 4}};
  for (const auto& lengths : cuts) {
    EXPECT_LT(largest_difference(torch::kFloat64, lengths), 1e-12) << lengths;
    EXPECT_LT(largest_difference(torch::kFloat32, lengths), 1e-4) << lengths;
    EXPECT_LT(largest_difference(torch::kBFloat16, lengths), 0.1) << lengths;  // by autocast
  }
}

TEST(Gpt2, DecodersOfTheSameModelAreIndependent) {
  torch::manual_seed(36);
  const auto model = make_gpt2(tiny_shape());
  model->eval();
  const torch::NoGradGuard no_grad;
  const auto a = torch::tensor({{1, 2, 3}}), b = torch::tensor({{7, 8, 9}});
  const auto first = model->decoder(3), second = model->decoder(3);
  (void)first->read(a.narrow(1, 0, 2)), (void)second->read(b.narrow(1, 0, 2));
  const auto said = model->project(first->read(a.narrow(1, 2, 1))),
             alone = model->forward(a).narrow(1, 2, 1);
  EXPECT_LT((said - alone).abs().max().item<float>(), 1e-5F);
}

TEST(Gpt2, ADecoderRefusesMoreTokensThanItsLongestText) {
  const auto model = make_gpt2(tiny_shape());
  const torch::NoGradGuard no_grad;
  const auto decoder = model->decoder(4);
  (void)decoder->read(torch::zeros({1, 4}, torch::kInt64));
  EXPECT_THROW((void)decoder->read(torch::zeros({1, 1}, torch::kInt64)), c10::Error);
}

TEST(Gpt2, HiddenStatesDependOnThePosition) {
  torch::manual_seed(33);
  const auto model = make_gpt2(tiny_shape());
  model->eval();
  const auto hidden = model->encode(torch::full({1, 4}, 3));
  EXPECT_GT((hidden[0][0] - hidden[0][1]).abs().max().item<float>(), 0.01F);
}

TEST(Gpt2, RefusesAnImpossibleShape) {
  auto shape = tiny_shape();
  shape.n_head = 3;
  EXPECT_THROW((void)make_gpt2(shape), std::invalid_argument);
}

}  // namespace
}  // namespace millrace::trainer
