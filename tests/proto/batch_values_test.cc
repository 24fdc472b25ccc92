// The values that the meta allows, by role and wire type; and those that it does not, by name.
#include "proto/batch_values.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/support/sample_stream.h"

namespace millrace::proto {
namespace {

constexpr std::uint32_t kLength = 67;  // not a multiple of a vector
constexpr std::uint32_t kCount = 3;
constexpr std::uint64_t kFirst = 100;

/// A stream of one field, with 64 tokens, of which the last is [MASK], and two stages of train.
StreamMeta meta_of(Role role, WireType wire, bool sentinel = false) {
  const bool real = wire == WireType::kF32;
  StreamMeta meta;
  meta.schema.fields = {
      {"f", wire, real ? LogicalType::kF32 : LogicalType::kI64, {}, role, sentinel}};
  if (role != Role::kStage) meta.schema.fields[0].shape = {kLength};
  meta.vocab_size = 64;
  meta.mask_token_id = 63;
  meta.train_stages = {"few", "many"};
  meta.val_stages = {"few"};
  return meta;
}

template <class T>
void fill(const StreamMeta& meta, const BatchView& view, T good, T value, std::size_t at) {
  for (T& each : view.values<T>(0)) each = good;
  view.values<T>(0)[at % (kCount * meta.schema.fields[0].values_per_sample())] = value;
}

/// What is wrong with a batch of `good` with one `value` in it, at each of some places.
std::string error_of(const StreamMeta& meta, double good, double value,
                     Split split = Split::kTrain) {
  EXPECT_NO_THROW(check(meta.schema));
  std::string error;
  for (const std::size_t at : {0U, 1U, 15U, 16U, 70U, 3 * kLength - 1}) {
    const BatchBuffer buffer = make_batch(meta.schema, {split, kFirst, kCount, {}});
    switch (meta.schema.fields[0].wire) {
      case WireType::kU8:
        fill(meta, buffer.view, static_cast<std::uint8_t>(good), static_cast<std::uint8_t>(value),
             at);
        break;
      case WireType::kU16:
        fill(meta, buffer.view, static_cast<std::uint16_t>(good), static_cast<std::uint16_t>(value),
             at);
        break;
      case WireType::kU32:
        fill(meta, buffer.view, static_cast<std::uint32_t>(good), static_cast<std::uint32_t>(value),
             at);
        break;
      case WireType::kF32:
        fill(meta, buffer.view, static_cast<float>(good), static_cast<float>(value), at);
        break;
    }
    const std::string found = invalid_value(meta, buffer.batch).value_or("");
    if (at > 0) {
      EXPECT_EQ(found.empty(), error.empty()) << at;
    } else {
      error = found;
    }
  }
  return error;
}

constexpr WireType kWhole[] = {WireType::kU8, WireType::kU16, WireType::kU32};

TEST(BatchValues, TokensAreBelowTheVocabulary) {
  for (const Role role : {Role::kInput, Role::kPrefix, Role::kTarget}) {
    for (const WireType wire : kWhole) {
      const StreamMeta meta = meta_of(role, wire);
      EXPECT_EQ(error_of(meta, 0, 63), "");
      EXPECT_EQ(error_of(meta, 5, 64), "f of train sample 100 is 64: tokens are below 64");
      const std::string most = std::to_string(largest(wire));
      EXPECT_EQ(error_of(meta, 5, static_cast<double>(largest(wire)), Split::kVal),
                "f of val sample 100 is " + most + ": tokens are below 64");
    }
  }
}

TEST(BatchValues, AVocabularyThatFillsTheWireTypeAllowsAllOfIt) {
  for (const WireType wire : {WireType::kU8, WireType::kU16}) {
    StreamMeta meta = meta_of(Role::kInput, wire);
    meta.vocab_size = static_cast<std::uint32_t>(largest(wire) + 1);
    EXPECT_EQ(error_of(meta, 0, static_cast<double>(largest(wire))), "");
  }
}

TEST(BatchValues, WithoutAVocabularyThereIsNoToken) {
  StreamMeta meta = meta_of(Role::kInput, WireType::kU8);
  meta.vocab_size = 0;
  EXPECT_EQ(error_of(meta, 0, 0), "f of train sample 100 is 0: tokens are below 0");
}

TEST(BatchValues, TheSentinelIsATargetAndNothingElse) {
  for (const WireType wire : kWhole) {
    const auto sentinel = static_cast<double>(largest(wire));
    const StreamMeta meta = meta_of(Role::kTarget, wire, true);
    EXPECT_EQ(error_of(meta, 0, sentinel), "");
    EXPECT_EQ(error_of(meta, sentinel, sentinel), "") << "a provider may select no position";
    EXPECT_EQ(error_of(meta, sentinel, 63), "");
    EXPECT_EQ(error_of(meta, sentinel, 64),
              "f of train sample 100 is 64: tokens are below 64, or " +
                  std::to_string(largest(wire)) + " for none");
    EXPECT_NE(error_of(meta, sentinel, sentinel - 1), "");
    for (const Role role : {Role::kInput, Role::kPrefix, Role::kTime, Role::kWeight}) {
      EXPECT_NE(error_of(meta_of(role, wire, true), 1, sentinel), "") << to_string(role);
    }
  }
}

TEST(BatchValues, InAVocabularyThatFillsTheWireTypeTheSentinelIsNoInput) {
  StreamMeta meta = meta_of(Role::kInput, WireType::kU8, true);
  meta.vocab_size = 256;
  EXPECT_EQ(error_of(meta, 0, 254), "");
  EXPECT_NE(error_of(meta, 0, 255), "");
}

TEST(BatchValues, MaskIsNoTargetWhereSamplesHaveATime) {
  for (const WireType wire : kWhole) {
    StreamMeta meta = meta_of(Role::kTarget, wire, true);
    meta.schema.fields.push_back({"t", WireType::kU8, LogicalType::kI64, {}, Role::kTime, false});
    for (const std::uint32_t mask : {0U, 7U, 63U}) {
      meta.mask_token_id = mask;
      BatchBuffer buffer = make_batch(meta.schema, {Split::kTrain, kFirst, kCount, {}});
      for (std::uint8_t& time : buffer.view.values<std::uint8_t>(1)) time = 1;
      const auto set = [&](std::uint32_t token, std::size_t at) {
        std::memcpy(buffer.view.columns[0].data() + at * width(wire), &token, width(wire));
      };
      for (std::size_t at = 0; at < kCount * kLength; ++at) set(5, at);
      EXPECT_EQ(invalid_value(meta, buffer.batch), std::nullopt);
      set(mask, 1);
      EXPECT_EQ(invalid_value(meta, buffer.batch),
                "f of train sample 100 is " + std::to_string(mask) + ": tokens are below 64, or " +
                    std::to_string(largest(wire)) + " for none, and " + std::to_string(mask) +
                    " is [MASK], which is no target");
    }
  }
  EXPECT_EQ(error_of(meta_of(Role::kTarget, WireType::kU8), 5, 63), "");
  EXPECT_EQ(error_of(meta_of(Role::kInput, WireType::kU8), 5, 63), "");
}

TEST(BatchValues, ContinuousTimesAreAboveZeroAndAtMostOne) {
  const StreamMeta meta = meta_of(Role::kTime, WireType::kF32);
  for (const double good : {1.0, 0.5, 1e-3, 0x1p-126}) EXPECT_EQ(error_of(meta, 0.5, good), "");
  EXPECT_EQ(error_of(meta, 0.5, -5),
            "f of train sample 100 is -5: times are above 0 and at most 1");
  EXPECT_EQ(error_of(meta, 0.5, 1e30),
            "f of train sample 100 is 1e+30: times are above 0 and at most 1");
  EXPECT_EQ(error_of(meta, 0.5, std::numeric_limits<double>::quiet_NaN()),
            "f of train sample 100 is nan: times are above 0 and at most 1");
  for (const double bad : {0.0, -0.0, 1e-40, 1e-45, 1.0000002, -1e-9}) {
    EXPECT_NE(error_of(meta, 0.5, bad), "") << bad;
  }
  EXPECT_NE(error_of(meta, 0.5, std::numeric_limits<double>::infinity()), "");
}

TEST(BatchValues, StepsAreFromOneToTheStreamsSetting) {
  for (const WireType wire : kWhole) {
    StreamMeta meta = meta_of(Role::kTime, wire);
    EXPECT_EQ(error_of(meta, 1, static_cast<double>(largest(wire))), "");
    EXPECT_EQ(error_of(meta, 1, 0), "f of train sample 100 is 0: times are above 0");
    meta.settings["timesteps"] = "50";
    EXPECT_EQ(error_of(meta, 1, 50), "");
    EXPECT_EQ(error_of(meta, 1, 51),
              "f of train sample 100 is 51: times are above 0 and at most 50");
    EXPECT_NE(error_of(meta, 1, 0), "");
  }
  StreamMeta widened = meta_of(Role::kTime, WireType::kU8);
  widened.schema.fields[0].logical = LogicalType::kF32;
  EXPECT_EQ(error_of(widened, 1, 1), "");
  EXPECT_EQ(error_of(widened, 1, 2), "f of train sample 100 is 2: times are 1");
}

TEST(BatchValues, WeightsAreFiniteAndNotNegative) {
  const StreamMeta meta = meta_of(Role::kWeight, WireType::kF32);
  for (const double good : {0.0, 1.0, 3e38}) EXPECT_EQ(error_of(meta, 1, good), "");
  for (const double bad :
       {-1e-9, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_NE(error_of(meta, 1, bad), "") << bad;
  }
  for (const WireType wire : kWhole) {
    EXPECT_EQ(error_of(meta_of(Role::kWeight, wire), 1, static_cast<double>(largest(wire))), "");
  }
}

TEST(BatchValues, FloatsOfAnyRoleAreFinite) {
  for (const Role role : {Role::kInput, Role::kTarget, Role::kPrefix}) {
    const StreamMeta meta = meta_of(role, WireType::kF32);
    EXPECT_EQ(error_of(meta, 0, -3e38), "");
    EXPECT_EQ(error_of(meta, 0, std::numeric_limits<double>::quiet_NaN()),
              "f of train sample 100 is nan: numbers are finite");
    EXPECT_NE(error_of(meta, 0, -std::numeric_limits<double>::infinity()), "");
  }
}

TEST(BatchValues, StagesAreThoseOfTheSplit) {
  const StreamMeta meta = meta_of(Role::kStage, WireType::kU8);
  EXPECT_EQ(error_of(meta, 0, 1), "");
  EXPECT_EQ(error_of(meta, 0, 2), "f of train sample 100 is 2: train has 2 stages");
  EXPECT_EQ(error_of(meta, 0, 1, Split::kVal), "f of val sample 100 is 1: val has 1 stage");
  EXPECT_EQ(error_of(meta, 0, 1, Split::kTest), "f of test sample 100 is 1: test has 1 stage");
}

TEST(BatchValues, TheSampleAndTheFieldAreNamed) {
  const StreamMeta meta = testing::sample_meta();
  BatchBuffer buffer = make_batch(meta.schema, {Split::kTrain, 7000, 200, {}});
  testing::fill_sample(buffer.batch.range, buffer.view);
  EXPECT_EQ(invalid_value(meta, buffer.batch), std::nullopt);
  buffer.view.values<std::uint16_t>(1)[150 * 5 + 4] = 1000;
  EXPECT_EQ(invalid_value(meta, buffer.batch),
            "y of train sample 7150 is 1000: tokens are below 64, or 65535 for none, and 63 is "
            "[MASK], which is no target");
  buffer.view.values<std::uint8_t>(0)[3 * 5] = 255;
  EXPECT_EQ(invalid_value(meta, buffer.batch),
            "x of train sample 7003 is 255: tokens are below 64");
}

TEST(BatchValues, NoSamplesHaveNoValues) {
  const StreamMeta meta = testing::sample_meta();
  EXPECT_EQ(invalid_value(meta, make_batch(meta.schema, {Split::kTrain, 0, 0, {}}).batch),
            std::nullopt);
}

}  // namespace
}  // namespace millrace::proto
