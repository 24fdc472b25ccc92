// xxh64 by whichever loop this machine takes, against the library's own, which digests what comes in pieces.
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

}  // namespace
}  // namespace millrace::proto
