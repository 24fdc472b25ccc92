// Mixtures of datasets: exact quotas, random access, changing weights, and their fingerprints.
#include "providers/windows/mixture.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "config/errors.h"
#include "proto/digest.h"
#include "providers/registry.h"
#include "providers/windows/quotas.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using config::WeightPoint;
using proto::Split;
using Points = std::vector<WeightPoint>;
using Quotas = std::vector<std::uint16_t>;

constexpr std::uint64_t kBlock = Mixture::kBlock;

Points constant(double weight) { return {{0, weight}}; }

Quotas quotas(const Mixture& mixture, std::uint64_t block) {
  const auto all = mixture.quotas(block);
  return {all.begin(), all.end()};
}

Quotas share(std::uint16_t total, std::vector<std::uint64_t> weights) {
  return apportion(total, weights);
}

TEST(ShareOut, GivesTheLargestRemaindersTheRest) {
  EXPECT_EQ(share(1024, {3, 1}), (Quotas{768, 256}));
  EXPECT_EQ(share(1024, {1, 1, 1}), (Quotas{342, 341, 341}));  // ties to the earlier
  EXPECT_EQ(share(10, {7, 7, 6}), (Quotas{4, 3, 3}));          // 3.5 3.5 3
  EXPECT_EQ(share(10, {415, 293, 292}), (Quotas{4, 3, 3}));    // 4.15 2.93 2.92
  EXPECT_EQ(share(1024, {0, 5, 0}), (Quotas{0, 1024, 0}));
  EXPECT_EQ(share(1024, {1'000'000'000'000, 1'000'000'000'000}), (Quotas{512, 512}));
}

TEST(ShareOut, GivesEveryWeightOneAtLeast) {
  EXPECT_EQ(share(1024, {1'000'000, 1, 0}), (Quotas{1023, 1, 0}));
  // The earliest of equal shares gives one up.
  EXPECT_EQ(share(1024, {1, 1'000'000, 1'000'000}), (Quotas{1, 511, 512}));
  EXPECT_EQ(share(5, {1, 1, 1, 1, 1'000'000}), (Quotas{1, 1, 1, 1, 1}));
}

TEST(ShareOut, AddsUpAndIsWithinOneOfTheExactShare) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::uint64_t> weights(1 + random() % 20);
    // No weight is so small that its share is raised to one.
    for (std::uint64_t& weight : weights) weight = 1'000 + random() % 100'000;
    const Quotas shares = share(1024, weights);
    ASSERT_EQ(std::accumulate(shares.begin(), shares.end(), 0), 1024);
    const double sum =
        static_cast<double>(std::accumulate(weights.begin(), weights.end(), std::uint64_t{0}));
    for (std::size_t i = 0; i < weights.size(); ++i) {
      ASSERT_LT(std::abs(shares[i] - 1024 * static_cast<double>(weights[i]) / sum), 1);
    }
  }
}

TEST(WeightAt, MovesEvenlyBetweenPoints) {
  const Points points = {{1000, 2.0}, {2000, 4.0}, {4000, 0.0}};
  for (const auto& [sample, weight] :
       std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 2'000'000},
                                                            {1000, 2'000'000},
                                                            {1250, 2'500'000},
                                                            {2000, 4'000'000},
                                                            {3000, 2'000'000},
                                                            {4000, 0},
                                                            {~0ULL, 0}}) {
    EXPECT_EQ(weight_at(points, sample), weight) << sample;
  }
}

/// Expects the quotas of the blocks from first_block on, and each dataset's samples in order.
void expect_a_scan(const Mixture& mixture, std::size_t parts, std::uint64_t first_block,
                   std::uint64_t blocks, std::vector<std::uint64_t> next) {
  for (std::uint64_t block = first_block; block < first_block + blocks; ++block) {
    Quotas seen(parts);
    for (std::uint64_t index = block * kBlock; index < (block + 1) * kBlock; ++index) {
      const MixtureSlot slot = mixture.slot(index);
      ASSERT_EQ(slot.number, next[slot.dataset]++)
          << "sample " << index << " of dataset " << slot.dataset;
      ++seen[slot.dataset];
    }
    ASSERT_EQ(seen, quotas(mixture, block)) << "block " << block;
  }
}

TEST(Mixture, HasExactQuotasInEveryBlock) {
  const Mixture mixture({constant(0.5), constant(0.3), constant(0.2)}, 1337);
  EXPECT_EQ(quotas(mixture, 0), (Quotas{512, 307, 205}));
  expect_a_scan(mixture, 3, 0, 20, {0, 0, 0});
  const std::uint64_t far = std::uint64_t{1} << 40;
  expect_a_scan(mixture, 3, far, 2, {far * 512, far * 307, far * 205});
}

TEST(Mixture, IsInAnotherOrderInEveryBlock) {
  const Mixture mixture({constant(1), constant(1)}, 1337);
  const auto order = [](const Mixture& of, std::uint64_t block) {
    std::vector<std::size_t> parts;
    for (std::uint64_t i = 0; i < kBlock; ++i) parts.push_back(of.slot(block * kBlock + i).dataset);
    return parts;
  };
  EXPECT_NE(order(mixture, 0), order(mixture, 1));
  EXPECT_NE(order(mixture, 0), order(Mixture({constant(1), constant(1)}, 1), 0));
  EXPECT_EQ(order(mixture, 5), order(Mixture({constant(2), constant(2)}, 1337), 5));
  std::vector<std::uint64_t> at_first(16);  // of one dataset, by sixteenths of the block
  for (std::uint64_t block = 0; block < 200; ++block) {
    const std::vector<std::size_t> parts = order(mixture, block);
    for (std::size_t i = 0; i < parts.size(); ++i) at_first[i / 64] += parts[i];
  }
  expect_uniform(at_first);
}

TEST(Mixture, FollowsWeightsThatChange) {
  // Moves from dataset a to dataset b over 100 blocks, in 64 steps; back to a at block 200.
  const Mixture mixture({{{0, 1}, {100 * kBlock, 0}, {200 * kBlock - 1, 0}, {200 * kBlock, 3}},
                         {{0, 0}, {100 * kBlock, 1}}},
                        1);
  EXPECT_EQ(quotas(mixture, 0), (Quotas{1024, 0}));
  EXPECT_EQ(quotas(mixture, 50), (Quotas{512, 512}));
  EXPECT_EQ(quotas(mixture, 100), (Quotas{0, 1024}));
  EXPECT_EQ(quotas(mixture, 199), (Quotas{0, 1024}));
  EXPECT_EQ(quotas(mixture, 200), (Quotas{768, 256}));
  EXPECT_EQ(quotas(mixture, ~std::uint64_t{0} / kBlock), (Quotas{768, 256}));
  for (std::uint64_t block = 0; block < 100; ++block) {
    EXPECT_NEAR(quotas(mixture, block)[1], 1024 * static_cast<double>(block) / 100,
                1024.0 / 64 + 1);
    EXPECT_GE(quotas(mixture, block + 1)[1], quotas(mixture, block)[1]);
  }
  expect_a_scan(mixture, 2, 0, 230, {0, 0});
}

// Over few blocks the weights are exact in each block.
TEST(Mixture, FollowsAShortChangeBlockByBlock) {
  const Mixture mixture({{{0, 0}, {32 * kBlock, 1}}, {{0, 1}, {32 * kBlock, 0}}}, 1);
  for (std::uint16_t block = 0; block <= 32; ++block) {
    EXPECT_EQ(quotas(mixture, block), (Quotas{static_cast<std::uint16_t>(32 * block),
                                              static_cast<std::uint16_t>(1024 - 32 * block)}));
  }
}

// A point inside a block takes effect at the next block.
TEST(Mixture, ChangesAtWholeBlocks) {
  const Mixture mixture({{{0, 1}, {1, 2}}, {{0, 1}}}, 1);
  EXPECT_EQ(quotas(mixture, 0), (Quotas{512, 512}));
  EXPECT_EQ(quotas(mixture, 1), (Quotas{683, 341}));
}

TEST(Mixture, OfRandomWeightsIsReadAtRandomAsInAScan) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 20; ++round) {
    std::vector<Points> weights(1 + random() % 6);
    for (Points& points : weights) {
      std::uint64_t sample = random() % 5000;
      for (std::uint64_t n = 1 + random() % 4; n > 0; --n, sample += 1 + random() % 30'000) {
        points.push_back({sample, 0.1 + static_cast<double>(random() % 1000)});
      }
    }
    const Mixture mixture(weights, round);
    expect_a_scan(mixture, weights.size(), 0, 120, std::vector<std::uint64_t>(weights.size()));
    std::vector<MixtureSlot> scanned;
    for (std::uint64_t index = 0; index < 120 * kBlock; ++index) {
      scanned.push_back(mixture.slot(index));
    }
    for (int i = 0; i < 2000; ++i) {
      const std::uint64_t index = random() % scanned.size();
      ASSERT_EQ(mixture.slot(index), scanned[index]);
    }
  }
}

TEST(Mixture, RefusesAStretchWithoutWeight) {
  expect_error<config::UsageError>(
      [] {
        (void)Mixture({{{0, 1}, {4096, 0}}, {{0, 1}, {2048, 0}}}, 1);
      },
      {"at sample 4096", "all weights are 0"});
  expect_error<config::UsageError>(
      [] {
        (void)Mixture({constant(0), constant(0)}, 1);
      },
      {"at sample 0"});
}

/// Two datasets with different characters, by default in the ratio 3 to 1.
struct Two {
  TextFile capitals{"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "capitals.txt"};
  TextFile letters{"abcdefghijklmnopqrstuvwxyz", "letters.txt"};

  [[nodiscard]] config::Options options() const {
    config::Options options;
    options.provider.name = "tokens";
    options.provider.block_size = 4;
    options.data.val_fraction = 0.5;
    options.data.datasets = {
        config::DatasetOptions{.name = "capitals", .path = capitals.path(), .weights = constant(3)},
        config::DatasetOptions{.name = "letters", .path = letters.path(), .weights = constant(1)}};
    return options;
  }
};

TEST(MixedStream, HasItsDatasetsInTheirQuotas) {
  const Two two;
  const auto provider = make_provider(two.options());
  EXPECT_EQ(provider->meta().vocab_size, 52U);
  EXPECT_EQ(provider->meta().dataset_name, "capitals+letters");
  const proto::Batch batch = fill_batch(*provider, {Split::kTrain, 7 * kBlock, kBlock, {}});
  const auto x = batch.values<std::uint8_t>(0);
  std::uint64_t capitals = 0;
  for (std::size_t row = 0; row < kBlock; ++row) {
    const bool upper = x[row * 4] < 26;
    capitals += upper ? 1 : 0;
    // A window lies in one dataset.
    for (std::size_t j = 1; j < 4; ++j) ASSERT_EQ(x[row * 4 + j], x[row * 4] + j);
    // And in its train part.
    ASSERT_LE(x[row * 4] % 26, 13 - 5);
  }
  EXPECT_EQ(capitals, 768U);
}

// The order of a dataset does not depend on the others.
TEST(MixedStream, GoesThroughEachDatasetInOrder) {
  const Two two;
  config::Options options = two.options();
  options.data.order = "sequential";
  const proto::Batch batch = fill_batch(*make_provider(options), {Split::kTrain, 0, 4000, {}});
  const auto x = batch.values<std::uint8_t>(0);
  std::array<std::uint64_t, 2> next{};
  for (std::size_t row = 0; row < 4000; ++row) {
    const std::size_t part = x[row * 4] / 26;
    ASSERT_EQ(x[row * 4] % 26, 4 * (next[part]++ % 3));
  }
}

TEST(MixedStream, HoldsAllOfValOncePerPass) {
  const Two two;
  const auto provider = make_provider(two.options());
  ASSERT_EQ(provider->meta().size(Split::kVal), 6U);  // of 13 characters each
  std::vector<std::uint8_t> firsts;
  const proto::Batch batch = fill_batch(*provider, {Split::kVal, 0, 6, {}});
  for (std::size_t row = 0; row < 6; ++row) {
    firsts.push_back(batch.values<std::uint8_t>(0)[row * 4]);
  }
  std::ranges::sort(firsts);
  expect_elements(firsts, {13, 17, 21, 39, 43, 47});
}

std::string fingerprint(const config::Options& options) {
  return make_provider(options)->meta().fingerprint;
}

TEST(MixedStream, FingerprintFollowsWeightsAndContentsAlone) {
  const Two two;
  const std::string before = fingerprint(two.options());
  const auto after = [&](auto change) {
    config::Options options = two.options();
    change(options.data.datasets);
    return fingerprint(options);
  };
  const TextFile copy("abcdefghijklmnopqrstuvwxyz", "another-name.txt");
  const TextFile other("abcdefghijklmnopqrstuvwxyy", "letters.txt");
  EXPECT_EQ(after([&](auto& d) { d[1].path = copy.path(); }), before);
  EXPECT_EQ(after([](auto& d) { d[1].name = "minuscules"; }), before);
  EXPECT_EQ(after([](auto& d) { d[1].description = "small letters"; }), before);
  EXPECT_EQ(after([](auto& d) { d[1].max_chars = 26; }), before);
  EXPECT_EQ(after([](auto& d) { d[1].max_chars = 1000; }), before);
  EXPECT_EQ(after([&](auto& d) {
              d.insert(d.begin(), {.name = "off", .path = "/nowhere", .enabled = false});
            }),
            before);
  EXPECT_NE(after([](auto& d) { d[1].max_chars = 25; }), before);
  EXPECT_NE(after([&](auto& d) { d[1].path = other.path(); }), before);
  EXPECT_NE(after([](auto& d) { d[1].weights = constant(2); }), before);
  EXPECT_NE(after([](auto& d) { d[1].weights = {{0, 1}, {5000, 2}}; }), before);
  EXPECT_NE(after([](auto& d) { std::swap(d[0], d[1]); }), before);
  EXPECT_NE(after([&](auto& d) { d.push_back({.name = "more", .path = copy.path()}); }), before);
}

// A single selected dataset gives the stream of its path.
TEST(MixedStream, OfOneDatasetIsThatDatasets) {
  const Two two;
  config::Options one = two.options();
  one.data.dataset = "letters";
  config::Options plain = two.options();
  plain.data.datasets.clear();
  plain.data.path = two.letters.path();
  EXPECT_EQ(fingerprint(one), fingerprint(plain));
  EXPECT_EQ(probe(*make_provider(one)), probe(*make_provider(plain)));
  EXPECT_EQ(make_provider(one)->meta().dataset_name, "letters");
  config::Options only = two.options();
  only.data.datasets[0].enabled = false;
  EXPECT_EQ(fingerprint(only), fingerprint(plain));
}

TEST(MixedStream, NamesTheDatasetThatIsTooShort) {
  const Two two;
  config::Options options = two.options();
  options.data.datasets[1].max_chars = 8;
  expect_error<std::runtime_error>([&] { (void)make_provider(options); },
                                   {"letters: its train part has 4 tokens"});
  options.data.datasets[1].path = "/nowhere/letters.txt";
  expect_error<std::runtime_error>([&] { (void)make_provider(options); },
                                   {"/nowhere/letters.txt", "no such file or folder"});
}

TEST(MixedStream, CopiesFragmentsFromItsOwnDataset) {
  const Two two;
  config::Options options = two.options();
  options.provider.name = "char_random_replacement";
  options.provider.random_weight = options.provider.mask_weight = 0;
  options.provider.fragment_weight = 1;
  options.data.align = "any";
  const proto::Batch batch = fill_batch(*make_provider(options), {Split::kTrain, 0, 3000, {}});
  const auto x = batch.values<std::uint8_t>(0);
  const auto y = batch.values<std::uint8_t>(1);
  std::uint64_t fragments = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (y[i] == 255 || x[i] == 52) continue;
    ++fragments;
    ASSERT_EQ(x[i] / 26, y[i] / 26);
    ASSERT_NE(x[i], y[i]);
  }
  EXPECT_GT(fragments, 500U);
}

}  // namespace
}  // namespace millrace::providers
