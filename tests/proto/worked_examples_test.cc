// The code writes the bytes that docs/reference/message.md, docs/reference/queue_file.md and
// docs/reference/checkpoint.md show.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "proto/checkpoint.h"
#include "proto/chunk_file.h"
#include "proto/files.h"
#include "proto/group_file.h"
#include "proto/messages.h"
#include "proto/safetensors.h"
#include "tests/support/hex_block.h"
#include "tests/support/temporary_folder.h"

namespace millrace::proto {
namespace {

using testing::hex_block;

Schema example_schema() {
  return {{{"x", WireType::kU8, LogicalType::kI64, {4}, Role::kInput, false},
           {"y", WireType::kU8, LogicalType::kI64, {4}, Role::kTarget, true}}};
}

Batch example_batch() {
  constexpr std::uint8_t kX[] = {0, 1, 65, 3, 4, 65, 6, 7};
  constexpr std::uint8_t kY[] = {255, 255, 2, 255, 255, 5, 255, 255};
  BatchBuffer buffer = make_batch(example_schema(), {Split::kTrain, 4096, 2, {}});
  std::ranges::copy(kX, buffer.view.values<std::uint8_t>(0).begin());
  std::ranges::copy(kY, buffer.view.values<std::uint8_t>(1).begin());
  return buffer.batch;
}

TEST(WorkedExamples, Lease) {
  const Frames frames = encode(Lease{7, {Split::kTrain, 4096, 2, {}}});
  EXPECT_EQ(text(frames[0].bytes), hex_block("message.md", "magic"));
  EXPECT_EQ(text(frames[1].bytes), hex_block("message.md", "lease"));
}

TEST(WorkedExamples, Batch) {
  const Frames frames = encode(Filled{7, "0123456789abcdef", example_batch()}, example_schema());
  EXPECT_EQ(text(frames[1].bytes), hex_block("message.md", "batch"));
  EXPECT_EQ(text(frames[2].bytes), hex_block("message.md", "x"));
  EXPECT_EQ(text(frames[3].bytes), hex_block("message.md", "y"));
}

TEST(WorkedExamples, QueueFile) {
  const testing::TemporaryFolder folder;
  write_chunk(folder / "c.chunk", "0123456789abcdef", example_schema(), example_batch());
  EXPECT_EQ(read_file(folder / "c.chunk"), hex_block("queue_file.md", "chunk"));
}

TEST(WorkedExamples, GroupFile) {
  const testing::TemporaryFolder folder;
  Group group{"0f1e2d3c4b5a6978",
              "1122334455667788",
              17,
              {{{4096, 20480}, {0, 640}, {}}},
              {{0, 0}, {12288, 3}}};
  write_group(folder / "group.json", group);
  const std::string page =
      read_file(std::string(MILLRACE_SOURCE_DIR) + "/docs/reference/queue_file.md");
  EXPECT_NE(page.find("```json\n" + read_file(folder / "group.json") + "```"), std::string::npos);
}

TEST(WorkedExamples, Safetensors) {
  constexpr float kValues[] = {1.0F, -2.0F};
  const NamedTensor tensor{"w", TensorType::kF32, {2}, std::as_bytes(std::span(kValues))};
  EXPECT_EQ(base::joined(SafetensorsPieces({&tensor, 1}).pieces(), ""),
            hex_block("checkpoint.md", "safetensors"));
}

TEST(WorkedExamples, TrainerState) {
  const std::string page =
      read_file(std::string(MILLRACE_SOURCE_DIR) + "/docs/reference/checkpoint.md");
  const std::size_t begin = page.find("```json\n") + 8;
  const TrainerState state =
      trainer_state_from_json(page.substr(begin, page.find("```", begin) - begin));
  EXPECT_EQ(state.step, 500U);
  EXPECT_EQ(state.cursor, 500U * 32);
  EXPECT_EQ(links_of(state), (Links{{"best", 500}, {"epoch-0005", 307}}));
  EXPECT_EQ(state.meta.schema, example_schema());
  EXPECT_EQ(state.files.at("model.safetensors").size_bytes, 3186776U);
}

}  // namespace
}  // namespace millrace::proto
