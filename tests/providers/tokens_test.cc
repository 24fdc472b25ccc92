// The provider tokens: each target is the token after its input.
#include "providers/tokens.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "config/errors.h"
#include "datasets/characters/memory_text.h"
#include "proto/files.h"
#include "providers/registry.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Batch;
using proto::Split;

config::Options token_options(std::uint32_t block_size = 64) {
  config::Options options = small_options(block_size);
  options.provider.name = "tokens";
  return options;
}

TEST(Tokens, DescribesItsStream) {
  const auto provider = make_provider(token_options());
  const proto::StreamMeta& meta = provider->meta();
  EXPECT_EQ(meta.provider, "tokens");
  EXPECT_EQ(meta.vocab_size, 16U);
  EXPECT_EQ(meta.mask_token_id, std::nullopt);
  ASSERT_EQ(meta.schema.fields.size(), 2U);
  EXPECT_EQ(
      meta.schema.fields[0],
      (proto::Field{
          "x", proto::WireType::kU8, proto::LogicalType::kI64, {64}, proto::Role::kInput, false}));
  EXPECT_EQ(
      meta.schema.fields[1],
      (proto::Field{
          "y", proto::WireType::kU8, proto::LogicalType::kI64, {64}, proto::Role::kTarget, false}));
  EXPECT_EQ(meta.size(Split::kVal), (10'000U - 1) / 64);
}

TEST(Tokens, TargetsAreOneAhead) {
  const Batch batch = fill_batch(*make_tokens(token_options()), {Split::kTrain, 0, 200, {}});
  const auto x = batch.values<std::uint8_t>(0);
  const auto y = batch.values<std::uint8_t>(1);
  for (std::size_t row = 0; row < 200; ++row) {
    for (std::size_t j = 0; j + 1 < 64; ++j) ASSERT_EQ(y[row * 64 + j], x[row * 64 + j + 1]);
  }
}

// Windows side by side have every token but the first as a target once, for any length.
TEST(Tokens, InOrderTargetEveryTokenOnce) {
  const std::string text = proto::read_file(generated_file());
  const auto whole = datasets::make_memory_text(text, "text", {0.1, 0});
  std::vector<std::uint8_t> tokens(whole->length(Split::kTrain));
  whole->read(Split::kTrain, 0, std::span(tokens));
  for (const std::uint32_t length : {1U, 37U, 64U}) {
    config::Options options = token_options(length);
    options.data.order = "sequential";
    const auto windows = static_cast<std::uint32_t>((tokens.size() - 1) / length);
    const Batch epoch = fill_batch(*make_tokens(options), {Split::kTrain, 0, windows, {}});
    EXPECT_TRUE(std::ranges::equal(epoch.values<std::uint8_t>(0),
                                   std::span(tokens).first(std::size_t{windows} * length)));
    EXPECT_TRUE(std::ranges::equal(epoch.values<std::uint8_t>(1),
                                   std::span(tokens).subspan(1, std::size_t{windows} * length)));
    EXPECT_LT(tokens.size() - 1 - std::size_t{windows} * length, length);
  }
}

TEST(Tokens, TravelInTheNarrowestTypeWithoutASentinel) {
  const auto wire = [](std::uint32_t vocabulary) {
    const TextFile file(distinct_characters(vocabulary));
    config::Options options = token_options(100);
    options.data.path = file.path();
    options.data.val_fraction = 0;
    return make_tokens(options)->meta().schema.fields[1].wire;
  };
  EXPECT_EQ(wire(256), proto::WireType::kU8);
  EXPECT_EQ(wire(257), proto::WireType::kU16);
}

TEST(Tokens, NeedOneTokenMoreThanABlock) {
  const TextFile file("0123456789");
  config::Options options = token_options(10);
  options.data.path = file.path();
  options.data.val_fraction = 0;
  expect_error<std::runtime_error>([&] { (void)make_tokens(options); },
                                   {"10 tokens", "takes 11", "block_size and 1"});
  options.provider.block_size = 9;
  EXPECT_EQ(fill_batch(*make_tokens(options), {Split::kTrain, 5, 1, {}}).values<std::uint8_t>(1)[8],
            9);
}

TEST(Tokens, HaveNoStages) {
  config::Options options = token_options();
  options.provider.schedule = "mix";
  options.provider.stages = {span_stage(3)};
  expect_error<config::UsageError>([&] { (void)make_tokens(options); },
                                   {"provider.schedule", "\"none\""});
}

}  // namespace
}  // namespace millrace::providers
