// The provider synthetic: the content of its samples. (conformance_test.cc tests that it is pure.)
#include "providers/synthetic.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "config/errors.h"
#include "providers/markov/markov_process.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Batch;
using proto::Split;

config::Options synthetic_options(const std::string& source, std::uint32_t symbols = 16) {
  config::Options options;
  options.provider.name = "synthetic";
  options.provider.block_size = 24;
  options.provider.source = source;
  options.provider.source_symbols = symbols;
  return options;
}

TEST(Synthetic, DescribesTheMarkovSource) {
  const auto provider = make_synthetic(synthetic_options("markov"));
  const proto::StreamMeta& meta = provider->meta();
  EXPECT_EQ(meta.provider, "synthetic");
  EXPECT_EQ(meta.dataset_name, "markov-16-1");
  EXPECT_EQ(meta.vocab_size, 16U);
  EXPECT_EQ(meta.vocabulary.size(), 16U);
  EXPECT_EQ(meta.mask_token_id, std::nullopt);
  EXPECT_EQ(meta.size(Split::kTrain), proto::kEndless);
  EXPECT_GT(meta.size(Split::kVal), 0U);
  EXPECT_GT(meta.size(Split::kTest), 0U);
}

TEST(Synthetic, HasTheBlocksOfTheMarkovSourceAndTheirNextSymbols) {
  const MarkovProcess process(16, 1);
  const Batch batch =
      fill_batch(*make_synthetic(synthetic_options("markov")), {Split::kVal, 100, 50, {}});
  const auto x = batch.values<std::uint8_t>(0);
  const auto y = batch.values<std::uint8_t>(1);
  for (std::size_t row = 0; row < 50; ++row) {
    std::vector<std::uint8_t> block(25);
    process.generate<std::uint8_t>(
        PhiloxStream(1337, Split::kVal, 0, 100 + row).words(Purpose::kText, 0, 25), block);
    EXPECT_TRUE(std::equal(block.begin(), block.end() - 1,
                           x.begin() + static_cast<std::ptrdiff_t>(24 * row)));
    EXPECT_TRUE(std::equal(block.begin() + 1, block.end(),
                           y.begin() + static_cast<std::ptrdiff_t>(24 * row)));
  }
}

TEST(Synthetic, RandomSymbolsAreUniformInEveryWidth) {
  for (const std::uint32_t symbols : {2U, 256U, 257U, 1U << 20}) {
    const auto provider = make_synthetic(synthetic_options("random", symbols));
    const proto::WireType wire = provider->meta().schema.fields[0].wire;
    EXPECT_EQ(wire, symbols <= 256     ? proto::WireType::kU8
                    : symbols <= 65536 ? proto::WireType::kU16
                                       : proto::WireType::kU32);
    const Batch batch = fill_batch(*provider, {Split::kTrain, 0, 2000, {}});
    for (const std::size_t column : {0U, 1U}) {
      std::vector<std::uint64_t> halves(2);
      const auto count = [&](const auto& values) {
        for (const auto value : values) ++halves.at(2 * std::uint64_t{value} / symbols);
      };
      if (wire == proto::WireType::kU8) count(batch.values<std::uint8_t>(column));
      if (wire == proto::WireType::kU16) count(batch.values<std::uint16_t>(column));
      if (wire == proto::WireType::kU32) count(batch.values<std::uint32_t>(column));
      expect_uniform(halves, std::to_string(symbols));
    }
  }
}

TEST(Synthetic, RefusesAMarkovSourceOfTooFewSymbols) {
  expect_error<config::UsageError>([] { (void)make_synthetic(synthetic_options("markov", 8)); },
                                   {"source_symbols = 8"});
}

}  // namespace
}  // namespace millrace::providers
