// Ids that are read with another width than they have are recognized; other ids are left alone.
#include "datasets/tokens/token_file_checks.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace millrace::datasets {
namespace {

/// Random ids below `vocabulary`, as the 16-bit numbers that a file of ids of type Id has.
template <class Id>
std::vector<std::uint16_t> halves(std::uint32_t vocabulary, std::size_t count = 4096) {
  std::mt19937 random(1);
  std::vector<Id> ids(count);
  for (Id& each : ids) each = static_cast<Id>(random() % vocabulary);
  const auto* const first = reinterpret_cast<const std::uint16_t*>(ids.data());
  return {first, first + count * sizeof(Id) / sizeof(std::uint16_t)};
}

template <class Id>
std::optional<int> width_of(std::uint32_t vocabulary) {
  const auto read = halves<Id>(vocabulary);
  return other_width(std::span<const std::uint16_t>(read));
}

TEST(OtherWidth, IsSeenForEveryVocabulary) {
  for (const std::uint32_t vocabulary : {2U, 65U, 257U, 50257U, 128256U, 256000U}) {
    EXPECT_EQ(width_of<std::uint32_t>(vocabulary), 32) << vocabulary;
    EXPECT_EQ(width_of<std::uint64_t>(vocabulary), 64) << vocabulary;
  }
  for (const std::uint32_t vocabulary : {27U, 65U, 100U}) {
    EXPECT_EQ(width_of<std::uint8_t>(vocabulary), 8) << vocabulary;
  }
}

TEST(OtherWidth, IsNotSeenInIdsOf16Bits) {
  for (const std::uint32_t vocabulary : {1U, 2U, 4U, 65U, 257U, 300U, 4096U, 50257U, 65536U}) {
    EXPECT_EQ(width_of<std::uint16_t>(vocabulary), std::nullopt) << vocabulary;
  }
}

TEST(OtherWidth, Of64BitsIsSeenInIdsReadAs32) {
  std::vector<std::uint32_t> ids(64);
  for (std::size_t i = 0; i < ids.size(); i += 2) ids[i] = 100'000 + static_cast<std::uint32_t>(i);
  EXPECT_EQ(other_width(std::span<const std::uint32_t>(ids)), 64);
  for (std::uint32_t& each : ids) ++each;
  EXPECT_EQ(other_width(std::span<const std::uint32_t>(ids)), std::nullopt);
}

TEST(OtherWidth, IsNotGuessedFromAFewIds) {
  const auto read = halves<std::uint32_t>(50257, 8);
  EXPECT_EQ(other_width(std::span<const std::uint16_t>(read)), std::nullopt);
}

}  // namespace
}  // namespace millrace::datasets
