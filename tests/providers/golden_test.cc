// Digests of every provider and stage type, near the start of the stream and far out, computed
// once. A machine or compiler that gives others is broken; a change that gives others must raise
// the provider's format version.
#include <gtest/gtest.h>

#include "proto/digest.h"
#include "providers/registry.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Range;
using proto::Split;

constexpr std::uint64_t kFar = (std::uint64_t{1} << 33) + 5;

/// The digests of samples 0 and kFar of train and of sample 3 of val, over the first 100,000
/// characters of the MarkovSource, with blocks of 100.
std::vector<std::string> digests(config::Options options) {
  options.provider.block_size = 100;
  const auto provider = make_provider(options);
  std::vector<std::string> all;
  for (const Range& range : {Range{Split::kTrain, 0, 1, {}}, Range{Split::kTrain, kFar, 1, {}},
                             Range{Split::kVal, 3, 1, {}}}) {
    const proto::Batch batch = fill_batch(*provider, range);
    all.push_back(proto::hex16(proto::sample_digest(provider->meta().schema, batch, 0)));
  }
  return all;
}

using Digests = std::vector<std::string>;

TEST(Golden, DefaultMasking) {
  EXPECT_EQ(digests(small_options()),
            (Digests{"529d442077b72ef1", "87fb510e35a579c9", "f753c6c451ec10c5"}));
}

TEST(Golden, Random) {
  EXPECT_EQ(digests(mixed_options({random_stage(.5)})),
            (Digests{"0ab6477f484b76ef", "76d21c25d74b2f49", "957c9aea65acc516"}));
}

TEST(Golden, StickyThatClumps) {
  EXPECT_EQ(digests(mixed_options({sticky_stage(.9, .1, .9)})),
            (Digests{"7ba5f928eb81a921", "a921c3e1a6cbf5c0", "6d20a639c1a1b6b9"}));
}

TEST(Golden, StickyThatSpreads) {
  EXPECT_EQ(digests(mixed_options({sticky_stage(.6, .3, .1)})),
            (Digests{"dc4f79e39521e3dc", "2c9c0b36175654e9", "d3ebea66172f27a5"}));
}

TEST(Golden, StickyWithoutWeightBesideASelection) {
  EXPECT_EQ(digests(mixed_options({sticky_stage(.4, .3, 0)})),
            (Digests{"f612513be349baea", "24f5395a4b0dc65d", "bfa8aef146ac8f39"}));
}

TEST(Golden, Span) {
  EXPECT_EQ(digests(mixed_options({span_stage(20)})),
            (Digests{"6ac5c993ac068250", "054e97b0ba8361cd", "9db85a059a37041e"}));
}

TEST(Golden, MixOfAll) {
  EXPECT_EQ(digests(mixed_options({sticky_stage(.4, .15, .3), random_stage(.2), span_stage(3)})),
            (Digests{"d294b20ae857c6cb", "b4a0cf8dd85f9307", "cd44a888972bdcba"}));
}

TEST(Golden, FullTargets) {
  config::Options options = mixed_options({sticky_stage(.4, .15, .3)});
  options.provider.partial_targets = false;
  EXPECT_EQ(digests(options),
            (Digests{"aa23701103bc8f9a", "0cfb2867ed6934d8", "a305f163d67d7e33"}));
}

/// The same for 16 samples each, as a single one may have a time at which no token moves: digests
/// of the concatenated digests.
std::vector<std::string> digests_of_16(config::Options options) {
  options.provider.block_size = 100;
  const auto provider = make_provider(options);
  std::vector<std::string> all;
  for (const Range& range : {Range{Split::kTrain, 0, 16, {}}, Range{Split::kTrain, kFar, 16, {}},
                             Range{Split::kVal, 3, 16, {}}}) {
    const proto::Batch batch = fill_batch(*provider, range);
    std::string text;
    for (std::uint32_t row = 0; row < 16; ++row) {
      text += proto::hex16(proto::sample_digest(provider->meta().schema, batch, row));
    }
    all.push_back(proto::hex16(proto::xxh64(text)));
  }
  return all;
}

config::Options noised(const std::string& provider, const std::string& graph,
                       const std::string& noise) {
  config::Options options = small_options();
  options.provider.name = provider;
  options.provider.graph = graph;
  options.provider.noise = noise;
  return options;
}

TEST(Golden, SeddAbsorbLoglinear) {
  EXPECT_EQ(digests_of_16(noised("sedd", "absorb", "loglinear")),
            (Digests{"6921e1269a199e91", "d45c4f3d3f755647", "b0924b22c2c6c974"}));
}

TEST(Golden, SeddAbsorbGeometric) {
  EXPECT_EQ(digests_of_16(noised("sedd", "absorb", "geometric")),
            (Digests{"98705cad4fb8cc0c", "8033998d65039c05", "d2338603fb7d7d74"}));
}

TEST(Golden, SeddUniformLoglinear) {
  EXPECT_EQ(digests_of_16(noised("sedd", "uniform", "loglinear")),
            (Digests{"e0837a2c4accb8eb", "44c201331c90ef4a", "7ac7bc5307f2cc45"}));
}

TEST(Golden, SeddUniformGeometric) {
  EXPECT_EQ(digests_of_16(noised("sedd", "uniform", "geometric")),
            (Digests{"b15961a00ece52bf", "d15bbc41133407ff", "a306e834d4b31549"}));
}

TEST(Golden, SeddInGroups) {
  config::Options options = noised("sedd", "absorb", "loglinear");
  options.provider.t_group = 4;
  EXPECT_EQ(digests_of_16(options),
            (Digests{"1eba405cca2cdbf2", "f4789a04b3f12345", "a5ecc7d8e57e037e"}));
}

TEST(Golden, Masked) {
  EXPECT_EQ(digests_of_16(noised("masked", "absorb", "loglinear")),
            (Digests{"6921e1269a199e91", "d45c4f3d3f755647", "b0924b22c2c6c974"}));
}

TEST(Golden, D3pm) {
  EXPECT_EQ(digests_of_16(noised("d3pm", "absorb", "loglinear")),
            (Digests{"5e24ddc5ea1887bd", "ec2ec81ef59fd4b6", "cf0b2f3dcd90bf0b"}));
}

config::Options windows_options(const std::string& provider, const std::string& order,
                                const std::string& align) {
  config::Options options = small_options();
  options.provider.name = provider;
  options.data.order = order;
  options.data.align = align;
  return options;
}

TEST(Golden, Orders) {
  EXPECT_EQ(digests(windows_options("char_diffusion", "shuffle", "line")),
            (Digests{"0a9dfebb40d9bad4", "68a51d1625f40c1d", "f753c6c451ec10c5"}));
  EXPECT_EQ(digests(windows_options("char_diffusion", "sequential", "line")),
            (Digests{"c29450af5da0b30f", "bdf1702f615b4165", "f753c6c451ec10c5"}));
  EXPECT_EQ(digests(windows_options("char_diffusion", "random", "any")),
            (Digests{"eb5402b7d9d6a043", "3745789c06b13328", "433da12aa9113b17"}));
  EXPECT_EQ(digests(windows_options("char_diffusion", "shuffle", "any")),
            (Digests{"a5a6b7856fb010d9", "84d63abe4c638a9f", "433da12aa9113b17"}));
  EXPECT_EQ(digests(windows_options("char_diffusion", "sequential", "any")),
            (Digests{"c29450af5da0b30f", "e7ad1e9bb55dfb39", "433da12aa9113b17"}));
}

TEST(Golden, Tokens) {
  EXPECT_EQ(digests(windows_options("tokens", "random", "any")),
            (Digests{"78a751611925d2b1", "ccae8e0c0aaebdbc", "8a8e574d2710bf58"}));
  EXPECT_EQ(digests(windows_options("tokens", "shuffle", "any")),
            (Digests{"4c11ab5d57ebdb25", "c683bfb881e65009", "8a8e574d2710bf58"}));
}

TEST(Golden, SeveralDatasets) {
  const TextFile other(MarkovSource().generate(30'000), "other.txt");
  config::Options options = windows_options("char_diffusion", "shuffle", "line");
  options.data.path.reset();
  options.data.datasets = {
      {.name = "a", .path = generated_file(), .weights = {{0, 0.5}, {100'000, 2}}},
      {.name = "b", .path = other.path()}};
  EXPECT_EQ(digests(options),
            (Digests{"0a9dfebb40d9bad4", "f3e749e2b4d4aca8", "3702343236435de1"}));
}

TEST(Golden, RandomReplacement) {
  config::Options options = windows_options("char_random_replacement", "random", "line");
  EXPECT_EQ(digests(options),
            (Digests{"5cb4f427a19a4107", "4d036c6d72766b9d", "d4a00b92042466e0"}));
  options.provider.fragment_weight = 0.5;
  options.provider.original_token_probability_multiplier = 0.1;
  EXPECT_EQ(digests(options),
            (Digests{"2b5458abbb499205", "f0cd9a1a6241c588", "4b1b1ef789c8eea8"}));
}

TEST(Golden, SyntheticMarkov) {
  config::Options options = small_options();
  options.provider.name = "synthetic";
  EXPECT_EQ(digests(options),
            (Digests{"995ecb9e39e302ee", "745e8a7d124dfb3c", "c56d3217f00eab1a"}));
}

TEST(Golden, SyntheticRandom) {
  config::Options options = small_options();
  options.provider.name = "synthetic";
  options.provider.source = "random";
  options.provider.source_symbols = 50257;
  EXPECT_EQ(digests(options),
            (Digests{"13ed4df8d7c9436d", "8ee9977cf4fc8da8", "035f0502a15b823b"}));
}

}  // namespace
}  // namespace millrace::providers
