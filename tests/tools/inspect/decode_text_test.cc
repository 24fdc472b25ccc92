// Samples as text: marks, originals, colours, legends.
#include "tools/inspect/decode_text.h"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>

#include "tests/support/messages.h"

namespace millrace::tools {
namespace {

using testing::contains;

constexpr std::uint8_t kNoTarget = 255;

// Vocabulary: a, b, newline, [MASK].
proto::StreamMeta meta_of(std::uint32_t block_size) {
  using namespace proto;
  StreamMeta meta;
  meta.vocabulary = {"a", "b", "\n", "[MASK]"};
  meta.vocab_size = 4;
  meta.mask_token_id = 3;
  meta.train_stages = {"first", "second"};
  meta.val_stages = {"default"};
  meta.schema = {{{"x", WireType::kU8, LogicalType::kI64, {block_size}, Role::kInput, false},
                  {"y", WireType::kU8, LogicalType::kI64, {block_size}, Role::kTarget, true},
                  {"stage", WireType::kU8, LogicalType::kI64, {}, Role::kStage, false}}};
  return meta;
}

proto::Batch batch_of(const proto::StreamMeta& meta, const std::vector<std::uint8_t>& x,
                      const std::vector<std::uint8_t>& y) {
  proto::BatchBuffer buffer =
      proto::make_batch(meta.schema, {proto::Split::kTrain, 0, 1, std::nullopt});
  std::ranges::copy(x, buffer.view.values<std::uint8_t>(0).begin());
  std::ranges::copy(y, buffer.view.values<std::uint8_t>(1).begin());
  buffer.view.values<std::uint8_t>(2)[0] = 1;
  return buffer.batch;
}

std::string printed(const Decoded& sample, bool colours) {
  std::ostringstream out;
  print(out, sample, colours);
  return out.str();
}

TEST(DecodeText, MarksMaskedReplacedAndKept) {
  const proto::StreamMeta meta = meta_of(5);
  const Decoded sample =
      decode(meta, batch_of(meta, {3, 0, 1, 2, 0}, {0, 1, 1, kNoTarget, kNoTarget}), 0);
  EXPECT_EQ(sample.marks, (std::vector<Mark>{Mark::kMasked, Mark::kReplaced, Mark::kKept,
                                             Mark::kNone, Mark::kNone}));
  EXPECT_EQ(sample.input, (std::vector<std::string>{"░", "a", "b", "\n", "a"}));
  EXPECT_EQ(sample.original, (std::vector<std::string>{"a", "b", "b", "\n", "a"}));
  EXPECT_EQ(positions(sample, Mark::kReplaced), std::vector<std::size_t>{1});
}

TEST(DecodeText, FullTargetsDoNotTellWhatWasKept) {
  const proto::StreamMeta meta = meta_of(3);
  const Decoded sample = decode(meta, batch_of(meta, {3, 0, 1}, {0, 1, 1}), 0);
  EXPECT_EQ(sample.marks, (std::vector<Mark>{Mark::kMasked, Mark::kReplaced, Mark::kNone}));
}

TEST(DecodeText, NextTokensAreTargetsAndNoCorruption) {
  proto::StreamMeta meta = meta_of(3);
  meta.mask_token_id.reset();
  meta.schema.fields[1].sentinel = false;
  const Decoded sample = decode(meta, batch_of(meta, {0, 1, 0}, {1, 0, 0}), 0);
  EXPECT_EQ(sample.marks, (std::vector<Mark>(3, Mark::kNone)));
  EXPECT_EQ(printed(sample, false), "  input    aba\n  target   baa\n");
}

TEST(DecodeText, MarksStandBelowEveryCharacterOfAToken) {
  proto::StreamMeta meta = meta_of(3);
  meta.vocabulary = {"\u0120the", "b", "\n", "[MASK]"};
  const Decoded sample = decode(meta, batch_of(meta, {0, 1, 3}, {1, kNoTarget, 0}), 0);
  EXPECT_TRUE(contains(printed(sample, false), "\n           rrrr m\n"));
}

TEST(DecodeText, ATokenBeyondTheVocabularyIsShownAsUnknown) {
  const proto::StreamMeta meta = meta_of(2);
  EXPECT_EQ(decode(meta, batch_of(meta, {9, 0}, {kNoTarget, kNoTarget}), 0).input.front(), "�");
}

TEST(DecodeText, NamesTheStage) {
  const proto::StreamMeta meta = meta_of(2);
  const proto::Batch batch = batch_of(meta, {0, 0}, {0, 0});
  EXPECT_EQ(stage_of(meta, batch, 0), 1u);
  EXPECT_EQ(stage_name(meta, proto::Split::kTrain, 1), "second");
  EXPECT_EQ(stage_name(meta, proto::Split::kVal, 1), "unknown");
}

TEST(DecodeText, PrintsMarksBelowTheInputOrInColours) {
  const proto::StreamMeta meta = meta_of(4);
  const Decoded sample = decode(meta, batch_of(meta, {3, 0, 1, 2}, {0, 1, 1, kNoTarget}), 0);
  EXPECT_EQ(printed(sample, false),
            "  input    ░ab↵\n"
            "           mrk \n"
            "  original abb↵\n");
  EXPECT_EQ(printed(sample, true),
            "  input    \x1b[0m\x1b[7m░\x1b[0m\x1b[31ma\x1b[0m\x1b[4;32mb\x1b[0m\x1b[0m↵\n"
            "  original abb↵\n");
}

TEST(DecodeText, BreaksLongSamplesIntoLines) {
  const proto::StreamMeta meta = meta_of(100);
  const std::vector<std::uint8_t> x(100, 0);
  const std::string text =
      printed(decode(meta, batch_of(meta, x, std::vector<std::uint8_t>(100, kNoTarget)), 0), false);
  EXPECT_TRUE(contains(text, "  input    " + std::string(96, 'a') + "\n"));
  EXPECT_TRUE(contains(text, "  input    aaaa\n"));
}

TEST(DecodeText, ShowsIdsOfAStreamWithoutAVocabulary) {
  proto::StreamMeta meta = meta_of(4);
  meta.vocabulary.clear();
  const Decoded sample = decode(meta, batch_of(meta, {3, 10, 1, 2}, {0, 1, 1, kNoTarget}), 0);
  EXPECT_EQ(printed(sample, false),
            "  input    ░ 10 1 2 \n"
            "           mmrrrkk  \n"
            "  original 0 1 1 2 \n");
  EXPECT_EQ(sample.joined(sample.original), "0 1 1 2");
}

TEST(DecodeText, RefusesAStreamWithoutAnInputOfIds) {
  proto::StreamMeta meta = meta_of(2);
  const proto::Batch batch = batch_of(meta, {0, 0}, {0, 0});
  EXPECT_NO_THROW(check_shown(meta));
  meta.schema.fields[0].wire = proto::WireType::kF32;
  EXPECT_THROW(check_shown(meta), std::runtime_error);
  meta.schema.fields[0].role = proto::Role::kTime;
  EXPECT_TRUE(
      contains(testing::message_of<std::runtime_error>([&] { (void)decode(meta, batch, 0); }),
               "see the samples' digests with --digest"));
}

}  // namespace
}  // namespace millrace::tools
