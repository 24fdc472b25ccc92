// The closed forms of the Markov source against sums over all blocks, and its blocks against its
// probabilities.
#include "providers/markov/markov_process.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "config/errors.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

const MarkovProcess& first_order() {
  static const MarkovProcess process(16, 1);
  return process;
}
const MarkovProcess& second_order() {
  static const MarkovProcess process(16, 2);
  return process;
}

/// The symbols of a block by its number in base S, the first symbol highest.
std::vector<std::uint32_t> block_of(std::uint32_t number, std::uint32_t symbols,
                                    std::uint32_t length) {
  std::vector<std::uint32_t> block(length);
  for (std::uint32_t i = length; i-- > 0; number /= symbols) block[i] = number % symbols;
  return block;
}

/// P(block) from probability() alone: uniform symbols first, then symbol by symbol.
double probability_of(const MarkovProcess& process, const std::vector<std::uint32_t>& block) {
  double p = 1;
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (i < process.order()) {
      p /= process.symbols();
      continue;
    }
    std::uint32_t context = 0;
    for (std::size_t j = i - process.order(); j < i; ++j) {
      context = context * process.symbols() + block[j];
    }
    p *= process.probability(context, block[i]);
  }
  return p;
}

std::uint32_t blocks(const MarkovProcess& process, std::uint32_t length) {
  std::uint32_t count = 1;
  for (std::uint32_t i = 0; i < length; ++i) count *= process.symbols();
  return count;
}

TEST(MarkovProcess, HasRowsAndColumnsThatAddUpToOne) {
  for (const MarkovProcess* process : {&first_order(), &second_order()}) {
    const std::uint32_t newer = process->contexts() / process->symbols();
    // Of each context, from all contexts: 1 where the uniform distribution stays.
    std::vector<double> into(process->contexts());
    for (std::uint32_t context = 0; context < process->contexts(); ++context) {
      double row = 0;
      for (std::uint32_t to = 0; to < process->symbols(); ++to) {
        row += process->probability(context, to);
        into[context % newer * process->symbols() + to] += process->probability(context, to);
      }
      EXPECT_EQ(row, 1.0);  // exactly: all are powers of two
    }
    expect_all(into, 1.0);
  }
}

TEST(MarkovProcess, IsWorthLearning) {
  for (const std::uint32_t symbols : {16U, 27U, 64U, 256U}) {
    const double rate = MarkovProcess(symbols, 1).entropy_rate_nats();
    EXPECT_LE(rate, 0.6 * std::log(static_cast<double>(symbols))) << symbols;
    EXPECT_GE(rate, 1.0) << symbols;
  }
}

TEST(MarkovProcess, KnowsItsRate) {
  for (const std::uint32_t symbols : {16U, 40U}) {  // δ ends at 15, and at 32
    const MarkovProcess process(symbols, 1);
    for (const std::uint32_t context : {0U, symbols - 1}) {
      double entropy = 0;
      for (std::uint32_t to = 0; to < symbols; ++to) {
        const double p = process.probability(context, to);
        entropy -= p > 0 ? p * std::log(p) : 0;
      }
      EXPECT_NEAR(process.entropy_rate_nats(), entropy, 1e-12) << symbols;
    }
  }
}

TEST(MarkovProcess, KnowsItsBlockEntropy) {
  for (const MarkovProcess* process : {&first_order(), &second_order()}) {
    for (const std::uint32_t length : {1U, 2U, 3U, 4U}) {
      double entropy = 0;
      for (std::uint32_t b = 0; b < blocks(*process, length); ++b) {
        const double p = probability_of(*process, block_of(b, process->symbols(), length));
        entropy -= p > 0 ? p * std::log(p) : 0;
      }
      EXPECT_NEAR(process->block_entropy_nats(length) * length, entropy, 1e-9)
          << process->name() << ", " << length;
    }
  }
}

TEST(MarkovProcess, GeneratesBlocksWithTheirProbabilities) {
  constexpr std::uint64_t kBlocks = 300'000;
  for (const MarkovProcess* process : {&first_order(), &second_order()}) {
    std::vector<double> counts(blocks(*process, 3));
    std::vector<std::uint64_t> last(process->symbols());
    for (std::uint64_t i = 0; i < kBlocks; ++i) {
      std::vector<std::uint8_t> block(9);
      const PhiloxStream draws(1, proto::Split::kTrain, 0, i);
      process->generate<std::uint8_t>(draws.words(Purpose::kText, 0, block.size()), block);
      ++counts[(block[0] * process->symbols() + block[1]) * process->symbols() + block[2]];
      ++last[block[8]];
    }
    for (std::uint32_t b = 0; b < counts.size(); ++b) {
      const double p = probability_of(*process, block_of(b, process->symbols(), 3));
      if (p * kBlocks >= 50) {
        expect_rate(counts[b], kBlocks, p, process->name() + ", block " + std::to_string(b));
      }
    }
    expect_uniform(last, process->name());  // stationary
  }
}

TEST(MarkovProcess, ABlockIsTheBeginningOfALongerOne) {
  const PhiloxStream draws(1, proto::Split::kTrain, 0, 0);
  for (const std::size_t length : {1U, 2U, 5U}) {
    std::vector<std::uint8_t> shorter(length);
    std::vector<std::uint8_t> longer(6);
    second_order().generate<std::uint8_t>(draws.words(Purpose::kText, 0, length), shorter);
    second_order().generate<std::uint8_t>(draws.words(Purpose::kText, 0, 6), longer);
    EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
  }
}

/// −ln P(x_i | visible) of each hidden position, as sums over all blocks that agree with what is
/// visible.
std::vector<double> brute_force_surprise(const MarkovProcess& process,
                                         const std::vector<std::uint32_t>& block,
                                         const std::vector<std::uint8_t>& visible) {
  const auto length = static_cast<std::uint32_t>(block.size());
  double all = 0;
  std::vector<double> right(length);
  for (std::uint32_t b = 0; b < blocks(process, length); ++b) {
    const std::vector<std::uint32_t> other = block_of(b, process.symbols(), length);
    bool agrees = true;
    for (std::size_t i = 0; i < length; ++i) agrees &= visible[i] == 0 || other[i] == block[i];
    if (!agrees) continue;
    const double p = probability_of(process, other);
    all += p;
    for (std::size_t i = 0; i < length; ++i) right[i] += other[i] == block[i] ? p : 0;
  }
  std::vector<double> surprises;
  for (std::size_t i = 0; i < length; ++i) {
    if (visible[i] == 0) surprises.push_back(-std::log(right[i] / all));
  }
  return surprises;
}

TEST(HiddenSurprise, IsTheSumOverAllBlocks) {
  for (const MarkovProcess* process : {&first_order(), &second_order()}) {
    std::vector<std::uint8_t> drawn(5);
    process->generate<std::uint8_t>(
        PhiloxStream(3, proto::Split::kTrain, 0, 0).words(Purpose::kText, 0, 5), drawn);
    const std::vector<std::uint32_t> block(drawn.begin(), drawn.end());
    for (std::uint32_t pattern : {0b11011U, 0b10001U, 0b01010U, 0b00000U, 0b11100U, 0b00111U}) {
      std::vector<std::uint8_t> visible(5);
      for (std::size_t i = 0; i < 5; ++i) visible[i] = pattern >> i & 1;
      const auto exact = hidden_surprise_nats(*process, block, visible);
      const auto expected = brute_force_surprise(*process, block, visible);
      ASSERT_EQ(exact.size(), expected.size());
      for (std::size_t i = 0; i < exact.size(); ++i) {
        EXPECT_NEAR(exact[i], expected[i], 1e-9) << process->name() << " " << pattern;
      }
    }
  }
}

TEST(HiddenSurprise, WithoutNeighboursIsThatOfAUniformSymbol) {
  const std::vector<std::uint32_t> block{3, 1, 4, 1, 5};
  for (const double nats :
       hidden_surprise_nats(first_order(), block, std::vector<std::uint8_t>(5, 0))) {
    EXPECT_NEAR(nats, std::log(16.0), 1e-9);
  }
  EXPECT_TRUE(hidden_surprise_nats(first_order(), block, std::vector<std::uint8_t>(5, 1)).empty());
}

// The last symbol, the others in sight, costs the rate on average: a long mean of what
// forward–backward says comes to the closed form.
TEST(HiddenSurprise, OfTheNextSymbolIsTheRateOnAverage) {
  constexpr std::uint64_t kBlocks = 20'000;
  double sum = 0;
  double squares = 0;
  for (std::uint64_t i = 0; i < kBlocks; ++i) {
    std::vector<std::uint32_t> block(3);
    first_order().generate<std::uint32_t>(
        PhiloxStream(5, proto::Split::kTrain, 0, i).words(Purpose::kText, 0, 3), block);
    const double nats =
        hidden_surprise_nats(first_order(), block, std::vector<std::uint8_t>{1, 1, 0}).front();
    sum += nats;
    squares += nats * nats;
  }
  const double mean = sum / kBlocks;
  const double error = std::sqrt((squares / kBlocks - mean * mean) / kBlocks);
  EXPECT_NEAR(mean, first_order().entropy_rate_nats(), kSigmas * error);
}

TEST(MarkovProcess, RefusesWhatItCannotBe) {
  using config::UsageError;
  expect_error<UsageError>([] { MarkovProcess(15, 1); }, {"source_symbols = 15", "from 16 to 256"});
  expect_error<UsageError>([] { MarkovProcess(257, 1); }, {"source_symbols = 257"});
  expect_error<UsageError>([] { MarkovProcess(16, 0); }, {"source_order = 0"});
  expect_error<UsageError>([] { MarkovProcess(64, 4); },
                           {"source_order = 4", "source_symbols = 64", "lower one"});
}

}  // namespace
}  // namespace millrace::providers
