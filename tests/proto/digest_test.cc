// xxh64 by the loop that this machine uses, against the library's own.
#include "proto/digest.h"

#include <gtest/gtest.h>

#include <vector>

#include "proto/xxh64_lanes.h"

namespace millrace::proto {
namespace {

std::vector<std::byte> some_bytes(std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * i * 7919 >> 7);
  return bytes;
}

std::uint64_t by_library(std::span<const std::byte> bytes) {
  Digest digest;
  digest.update(bytes.first(bytes.size() / 3));
  digest.update(bytes.subspan(bytes.size() / 3));
  return digest.value();
}

TEST(Xxh64, IsTheLibrarysForEveryLengthAndPlace) {
  const std::vector<std::byte> bytes = some_bytes(4 + 300);
  for (std::size_t from = 0; from < 4; ++from) {
    for (std::size_t count = 0; count <= 300; ++count) {
      const auto part = std::span(bytes).subspan(from, count);
      ASSERT_EQ(xxh64(part), by_library(part)) << count << " bytes from " << from;
    }
  }
  const std::vector<std::byte> column = some_bytes((1 << 20) + 13);
  EXPECT_EQ(xxh64(column), by_library(column));
}

TEST(Xxh64, ByLanesIsTheSameWhereTheMachineHasThem) {
  if (!multiplies_lanes_fast()) GTEST_SKIP() << "no fast product of 64-bit lanes";
  for (const std::size_t count : {0, 1, 4, 8, 31, 32, 33, 63, 64, 4099}) {
    const std::vector<std::byte> bytes = some_bytes(count);
    EXPECT_EQ(xxh64_by_lanes(bytes), by_library(bytes)) << count;
  }
}

TEST(Xxh64, OfTwoInputsIsThatOfEach) {
  if (!multiplies_lanes_fast()) GTEST_SKIP() << "no fast product of 64-bit lanes";
  const std::vector<std::byte> bytes = some_bytes(4200);
  for (const std::size_t count : {0, 1, 31, 32, 33, 64, 100, 4099}) {
    for (const std::size_t other : {0, 5, 32, 63, 96, 2000}) {
      const auto first = std::span(bytes).first(count);
      const auto second = std::span(bytes).subspan(17, other);
      EXPECT_EQ(xxh64_by_lanes(first, second), std::pair(by_library(first), by_library(second)))
          << count << " and " << other;
    }
  }
}

TEST(Checksums, AreTheLibrarysOfEachColumn) {
  const std::vector<std::byte> bytes = some_bytes(1000);
  for (std::size_t count = 0; count <= 5; ++count) {
    std::vector<SharedBytes> columns;
    std::vector<std::uint64_t> expected;
    for (std::size_t i = 0; i < count; ++i) {
      columns.push_back({nullptr, std::span(bytes).subspan(i, 100 * (i + 1))});
      expected.push_back(by_library(columns.back().bytes));
    }
    EXPECT_EQ(checksums(columns), expected) << count << " columns";
  }
}

}  // namespace
}  // namespace millrace::proto
