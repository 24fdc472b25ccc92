// The provider tokens: each target is the token after its input.
#include "providers/tokens.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/errors.h"
#include "datasets/characters/memory_text.h"
#include "proto/files.h"
#include "providers/registry.h"
#include "tests/providers/support.h"
#include "tests/support/messages.h"
#include "tests/support/temporary_folder.h"

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

/// Writes over the beginning of a file, whose length stays.
void write_in_place(const std::string& path, std::string_view bytes) {
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary) << bytes;
}

std::string after_writing_in_place(const std::string& path, const config::Options& options) {
  const auto provider = make_provider(options);
  const proto::Range range{Split::kTrain, 0, 64, {}};
  const proto::StreamMeta& meta = provider->meta();
  EXPECT_EQ(fill_batch(*provider, range).columns.size(), meta.schema.fields.size());
  std::string other = proto::read_file(path);
  std::rotate(other.begin(), other.begin() + 2, other.end());  // the same ids in other places
  write_in_place(path, other);
  return testing::message_of<StreamChanged>([&] { (void)fill_batch(*provider, range); });
}

TEST(Tokens, NoSampleIsMadeOfAFileThatWasWrittenInPlace) {
  std::string ids;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    const std::uint32_t id = i * 7919 % 1000;
    ids += static_cast<char>(id % 256);
    ids += static_cast<char>(id / 256);
  }
  const testing::TemporaryFolder folder;
  config::Options options = token_options();
  options.data.align = "any";
  for (const std::string name : {"text.txt", "ids.bin"}) {
    options.data.path = (folder / name).string();
    const bool is_text = name.ends_with(".txt");
    proto::replace_file(*options.data.path, is_text ? proto::read_file(generated_file()) : ids);
    EXPECT_TRUE(testing::contains(after_writing_in_place(*options.data.path, options),
                                  name + ": it was written while it was in use"));
  }
}

}  // namespace
}  // namespace millrace::providers
