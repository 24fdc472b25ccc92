#include "tests/providers/markov/markov_source.h"

#include <cmath>

#include <gtest/gtest.h>

#include "proto/digest.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using Start = MarkovSource::Start;

std::size_t number_of(char c) { return MarkovSource::kCharacters.find(c); }

/// H(x1 … xL) as the sum over all 16^L blocks.
double brute_force_entropy(const MarkovSource& source, std::uint32_t length, Start start) {
  // Probability of each block of the length so far, last character fastest.
  std::vector<double> blocks;
  for (const double p : source.first(start)) blocks.push_back(p);
  for (std::uint32_t i = 1; i < length; ++i) {
    std::vector<double> longer;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      for (std::size_t to = 0; to < MarkovSource::kSymbols; ++to) {
        longer.push_back(blocks[b] * source.probability(b % MarkovSource::kSymbols, to));
      }
    }
    blocks = std::move(longer);
  }
  double sum = 0;
  for (const double p : blocks) sum -= p > 0 ? p * std::log(p) : 0;
  return sum;
}

TEST(MarkovSource, HasRowsThatAddUpToOne) {
  const MarkovSource source;
  for (std::size_t from = 0; from < MarkovSource::kSymbols; ++from) {
    double sum = 0;
    for (std::size_t to = 0; to < MarkovSource::kSymbols; ++to) sum += source.probability(from, to);
    EXPECT_EQ(sum, 1.0);  // exactly: the weights are whole
  }
}

TEST(MarkovSource, NeverPutsBlanksSideBySide) {
  const MarkovSource source;
  for (const char from : {'\n', ' '}) {
    for (const char to : {'\n', ' '}) {
      EXPECT_EQ(source.probability(number_of(from), number_of(to)), 0.0);
    }
  }
}

TEST(MarkovSource, IsWorthLearning) {
  const double most = std::log(static_cast<double>(MarkovSource::kSymbols));
  const double rate = MarkovSource().entropy_rate_nats();
  EXPECT_LE(rate, 0.6 * most);
  EXPECT_GE(rate, 0.4 * most);
}

TEST(MarkovSource, HasAStationaryDistribution) {
  const MarkovSource source;
  const auto now = source.stationary();
  for (std::size_t to = 0; to < MarkovSource::kSymbols; ++to) {
    double next = 0;
    for (std::size_t from = 0; from < MarkovSource::kSymbols; ++from) {
      next += now[from] * source.probability(from, to);
    }
    EXPECT_NEAR(next, now[to], 1e-13);
  }
}

TEST(MarkovSource, KnowsItsBlockEntropy) {
  const MarkovSource source;
  for (const Start start : {Start::kLine, Start::kStationary}) {
    for (const std::uint32_t length : {1U, 2U, 4U}) {
      EXPECT_NEAR(source.block_entropy_nats(length, start) * length,
                  brute_force_entropy(source, length, start), 1e-9);
    }
  }
}

TEST(MarkovSource, BlockEntropyFallsToTheRate) {
  const MarkovSource source;
  const double rate = source.entropy_rate_nats();
  double before = source.block_entropy_nats(1, Start::kStationary);
  for (const std::uint32_t length : {2U, 16U, 128U, 4096U}) {
    const double now = source.block_entropy_nats(length, Start::kStationary);
    EXPECT_LT(now, before);
    EXPECT_GT(now, rate);
    before = now;
  }
  EXPECT_NEAR(before, rate, 1e-3);
}

TEST(MarkovSource, GeneratesTextWithItsProbabilities) {
  const MarkovSource source;
  const std::string text = source.generate(400'000);
  std::array<std::array<double, MarkovSource::kSymbols>, MarkovSource::kSymbols> pairs{};
  std::array<double, MarkovSource::kSymbols> from_count{};
  for (std::size_t i = 1; i < text.size(); ++i) {
    const std::size_t from = number_of(text[i - 1]);
    ++pairs[from][number_of(text[i])];
    ++from_count[from];
  }
  for (std::size_t from = 0; from < MarkovSource::kSymbols; ++from) {
    for (std::size_t to = 0; to < MarkovSource::kSymbols; ++to) {
      expect_rate(pairs[from][to], from_count[from], source.probability(from, to));
    }
  }
}

TEST(MarkovSource, AShorterTextIsTheStartOfALongerOne) {
  const MarkovSource source;
  EXPECT_EQ(source.generate(10'001).substr(0, 5'000), source.generate(5'000));
}

TEST(MarkovSource, KeepsItsText) {
  EXPECT_EQ(proto::hex16(proto::xxh64(MarkovSource().generate(1'000'000))), "2f770986f5ca67f2");
}

}  // namespace
}  // namespace millrace::providers
