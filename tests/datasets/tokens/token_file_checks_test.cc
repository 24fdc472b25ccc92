// Ids that are read with another width than they have are recognized; other ids are left alone.
#include "datasets/tokens/token_file_checks.h"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/datasets/text_files.h"

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

/// Random ids below `vocabulary` of type Id, the most significant byte first, read as type Read.
template <class Read, class Id>
std::optional<int> swapped(std::uint32_t vocabulary) {
  std::mt19937 random(1);
  std::string bytes;
  for (int i = 0; i < 4096; ++i) {
    const std::uint32_t id = static_cast<std::uint32_t>(random() % vocabulary);
    for (int shift = 8 * (static_cast<int>(sizeof(Id)) - 1); shift >= 0; shift -= 8) {
      bytes += static_cast<char>(id >> static_cast<unsigned>(shift));
    }
  }
  return swapped_width(
      std::span(reinterpret_cast<const Read*>(bytes.data()), bytes.size() / sizeof(Read)));
}

TEST(SwappedWidth, IsSeen) {
  for (const std::uint32_t vocabulary : {2U, 65U, 257U, 4096U}) {
    EXPECT_EQ((swapped<std::uint16_t, std::uint16_t>(vocabulary)), 16) << vocabulary;
  }
  for (const std::uint32_t vocabulary : {2U, 65U, 257U, 50257U}) {
    EXPECT_EQ((swapped<std::uint16_t, std::uint32_t>(vocabulary)), 32) << vocabulary;
    EXPECT_EQ((swapped<std::uint32_t, std::uint32_t>(vocabulary)), 32) << vocabulary;
  }
}

TEST(SwappedWidth, IsNotSeenInOtherIds) {
  const auto seen_in = [](const std::vector<std::uint16_t>& read) {
    return swapped_width(std::span<const std::uint16_t>(read));
  };
  for (const std::uint32_t vocabulary : {1U, 2U, 16U, 65U, 257U, 300U, 4096U, 50257U, 65536U}) {
    EXPECT_EQ(seen_in(halves<std::uint16_t>(vocabulary)), std::nullopt) << vocabulary;
    EXPECT_EQ(seen_in(halves<std::uint32_t>(vocabulary)), std::nullopt) << vocabulary;
    const auto read = halves<std::uint32_t>(vocabulary);
    EXPECT_EQ(swapped_width(
                  std::span(reinterpret_cast<const std::uint32_t*>(read.data()), read.size() / 2)),
              std::nullopt)
        << vocabulary;
  }
  for (const std::uint32_t vocabulary : {4U, 27U, 65U, 256U}) {
    EXPECT_EQ(seen_in(halves<std::uint8_t>(vocabulary)), std::nullopt) << vocabulary;
  }
}

template <class Number>
std::string_view bytes_of(const std::vector<Number>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

TEST(FloatWidth, IsSeenInFloatsAlone) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<float> narrow(256);
  std::vector<double> wide(256);
  for (float& each : narrow) each = static_cast<float>(normal(random));
  for (double& each : wide) each = static_cast<double>(random() % 50257);  // ids
  EXPECT_EQ(float_width(bytes_of(narrow)), 32);
  EXPECT_EQ(float_width(bytes_of(wide)), 64);
  for (const std::uint32_t vocabulary : {1U, 2U, 65U, 257U, 50257U, 65536U}) {
    EXPECT_EQ(float_width(bytes_of(halves<std::uint16_t>(vocabulary))), std::nullopt) << vocabulary;
    EXPECT_EQ(float_width(bytes_of(halves<std::uint32_t>(vocabulary))), std::nullopt) << vocabulary;
    EXPECT_EQ(float_width(bytes_of(halves<std::uint64_t>(vocabulary))), std::nullopt) << vocabulary;
  }
}

TEST(CheckTokenFile, SaysWhatItSeemsToBe) {
  const testing::TemporaryFolder folder;
  const auto refusal = [&](std::string_view bytes, bool is_known = false) {
    testing::write_file(folder / "a.bin", bytes);
    return testing::message_of<std::runtime_error>(
        [&] { check_token_file(folder / "a.bin", proto::WireType::kU16, is_known); });
  };
  std::string swapped;
  for (int i = 0; i < 1000; ++i) swapped += {'\0', static_cast<char>(i % 65)};
  EXPECT_TRUE(testing::contains(refusal(swapped),
                                "its ids of 16 bits seem to have the most significant byte first; "
                                "write them with 16 bits, e.g. in Python with numpy.fromfile(FILE, "
                                "'>u2').astype('<u2').tofile(NEW)"));
  EXPECT_TRUE(testing::contains(refusal(swapped, true), "nothing was thrown"));
  const std::vector<float> floats(100, 0.5F);
  EXPECT_TRUE(testing::contains(refusal(bytes_of(floats)), "floating-point numbers of 32 bits"));
}

}  // namespace
}  // namespace millrace::datasets
