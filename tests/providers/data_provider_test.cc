// The promises of the interface, tested with the example of docs/how-to/add_a_provider.md.
#include "providers/data_provider.h"

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include "proto/digest.h"
#include "tests/providers/example_provider.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Split;

config::Options six_digits() {
  config::Options options;
  options.provider.block_size = 6;
  return options;
}

TEST(RowProvider, FillsRowsInPlace) {
  const auto provider = make_progressions(six_digits());
  const proto::Batch batch = fill_batch(*provider, {Split::kTrain, 10, 5, {}});
  ASSERT_TRUE(proto::fits(provider->meta().schema, batch));
  for (std::uint64_t i = 0; i < 5; ++i) {
    const proto::Batch alone = fill_batch(*provider, {Split::kTrain, 10 + i, 1, {}});
    for (std::size_t column = 0; column < 2; ++column) {
      EXPECT_EQ(std::memcmp(batch.columns[column].bytes.data() + 6 * i,
                            alone.columns[column].bytes.data(), 6),
                0);
    }
  }
}

TEST(RowProvider, TheExampleHidesOneDigitOfAProgression) {
  const proto::Batch batch =
      fill_batch(*make_progressions(six_digits()), {Split::kTrain, 0, 100, {}});
  for (std::size_t row = 0; row < 100; ++row) {
    const auto x = batch.values<std::uint8_t>(0).subspan(6 * row, 6);
    const auto y = batch.values<std::uint8_t>(1).subspan(6 * row, 6);
    std::vector<int> digits;
    for (std::size_t j = 0; j < 6; ++j) digits.push_back(x[j] == 10 ? y[j] : x[j]);
    for (std::size_t j = 2; j < 6; ++j) {
      EXPECT_EQ((digits[j] - digits[j - 1] + 10) % 10, (digits[1] - digits[0] + 10) % 10);
    }
    EXPECT_EQ(std::ranges::count(x, 10), 1);
    EXPECT_EQ(std::ranges::count(y, 255), 5);
  }
}

TEST(CheckRange, KnowsTheEndOfEverySplit) {
  const auto provider = make_progressions(six_digits());
  const proto::StreamMeta& meta = provider->meta();
  EXPECT_NO_THROW(check_range(meta, {Split::kVal, 990, 10, {}}));
  EXPECT_NO_THROW(check_range(meta, {Split::kTrain, ~0ULL - 10, 10, {}}));
  expect_error<std::out_of_range>(
      [&] {
        check_range(meta, {Split::kVal, 990, 11, {}});
      },
      {"the val split has 1000 samples; 11 from index 990 on"});
  expect_error<std::out_of_range>(
      [&] {
        check_range(meta, {Split::kVal, ~0ULL, 2, {}});
      },
      {"1000 samples"});
  expect_error<std::out_of_range>(
      [&] {
        check_range(meta, {Split::kTest, 0, 1, {}});
      },
      {"no test split"});
}

TEST(Probe, IsTheDigestOfTheFirstSamplesRowByRow) {
  const auto provider = make_progressions(six_digits());
  const proto::Batch batch = fill_batch(*provider, {Split::kVal, 0, proto::kProbeSamples, {}});
  std::vector<std::byte> rows;
  for (std::uint32_t row = 0; row < proto::kProbeSamples; ++row) {
    for (const auto& column : batch.columns) {
      const auto bytes = column.bytes.subspan(6 * row, 6);
      rows.insert(rows.end(), bytes.begin(), bytes.end());
    }
  }
  const auto digests = probe(*provider);
  EXPECT_EQ(digests[static_cast<std::size_t>(Split::kVal)], proto::hex16(proto::xxh64(rows)));
  EXPECT_NE(digests[static_cast<std::size_t>(Split::kTrain)],
            digests[static_cast<std::size_t>(Split::kVal)]);
  EXPECT_EQ(digests[static_cast<std::size_t>(Split::kTest)], "");
}

}  // namespace
}  // namespace millrace::providers
