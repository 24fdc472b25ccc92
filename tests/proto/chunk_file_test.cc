// Queue files: written and read back, every kind of damage, and their names.
#include "proto/chunk_file.h"

#include <gtest/gtest.h>

#include "proto/files.h"
#include "tests/support/sample_stream.h"
#include "tests/support/temporary_folder.h"

namespace millrace::proto {
namespace {

using testing::same_bytes;
using testing::sample_batch;
using testing::sample_schema;

class ChunkFile : public ::testing::Test {
 protected:
  ChunkFile()
      : path_(folder_ / chunk_name(128)), batch_(sample_batch({Split::kTrain, 128, 16, {}})) {
    write_chunk(path_, "00000000000000ff", sample_schema(), batch_);
    content_ = read_file(path_);
  }
  ChunkStatus status_of(const std::string& content) {
    replace_file(path_, content);
    return read_chunk(path_).status;
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path path_;
  Batch batch_;
  std::string content_;
};

TEST_F(ChunkFile, RoundTrip) {
  const Chunk chunk = read_chunk(path_);
  ASSERT_EQ(chunk.status, ChunkStatus::kOk);
  EXPECT_EQ(chunk.fingerprint, "00000000000000ff");
  EXPECT_TRUE(same_bytes(chunk.batch, batch_));
  EXPECT_EQ(chunk.wires,
            (std::vector{WireType::kU8, WireType::kU16, WireType::kF32, WireType::kU8}));
  EXPECT_EQ(chunk.shapes[0], (std::vector<std::uint32_t>{16, 5}));
}

TEST_F(ChunkFile, ColumnsCanBeUsedWhereTheyLie) {
  EXPECT_EQ(content_.size() % kColumnAlignment, 0U);
  const Chunk chunk = read_chunk(path_);
  for (const SharedBytes& column : chunk.batch.columns) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(column.bytes.data()) % kColumnAlignment, 0U);
  }
}

TEST_F(ChunkFile, TheSameBatchGivesTheSameBytes) {
  write_chunk(path_, "00000000000000ff", sample_schema(), batch_);
  EXPECT_EQ(read_file(path_), content_);
}

TEST_F(ChunkFile, NothingIsLeftBesideTheFile) {
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    ++entries;
  }
  EXPECT_EQ(entries, 1U);
}

TEST_F(ChunkFile, EveryKindOfDamageHasItsStatus) {
  EXPECT_EQ(read_chunk(folder_ / "absent.chunk").status, ChunkStatus::kMissing);
  EXPECT_EQ(read_chunk(folder_.path()).status, ChunkStatus::kUnreadable);
  EXPECT_EQ(status_of(""), ChunkStatus::kTruncated);
  EXPECT_EQ(status_of("a text file that somebody left here"), ChunkStatus::kForeign);
  EXPECT_EQ(status_of(content_ + "x"), ChunkStatus::kTruncated);
  std::string newer = content_;
  newer[8] = 2;
  EXPECT_EQ(status_of(newer), ChunkStatus::kVersion);
  std::string header = content_;
  header[kChunkPreambleBytes + 3] ^= 1;
  EXPECT_EQ(status_of(header), ChunkStatus::kBadHeader);
  std::string column = content_;
  column[column.size() - kColumnAlignment] ^= 1;
  EXPECT_EQ(status_of(column), ChunkStatus::kBadChecksum);
}

TEST_F(ChunkFile, NoTruncatedFileIsRead) {
  for (std::size_t length = 0; length < content_.size(); ++length) {
    EXPECT_EQ(status_of(content_.substr(0, length)), ChunkStatus::kTruncated) << length;
  }
}

TEST_F(ChunkFile, AFlippedBitIsNoticedOrLeavesTheSamplesAsTheyWere) {
  for (std::size_t byte = 0; byte < content_.size(); ++byte) {
    std::string damaged = content_;
    damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << (byte % 8)));
    replace_file(path_, damaged);
    const Chunk chunk = read_chunk(path_);
    if (chunk.status == ChunkStatus::kOk) {
      EXPECT_TRUE(same_bytes(chunk.batch, batch_)) << byte;  // the flip hit padding
    }
  }
}

TEST_F(ChunkFile, AFailedWriteLeavesTheFileAsItWas) {
  EXPECT_THROW(write_chunk(folder_ / "no" / "folder.chunk", "", sample_schema(), batch_),
               std::runtime_error);
  EXPECT_EQ(read_chunk(path_).status, ChunkStatus::kOk);
}

TEST(ChunkName, IsTheFirstIndexAndTheStageWhereOneIsNamed) {
  EXPECT_EQ(chunk_name(4096), "000000004096.chunk");
  EXPECT_EQ(chunk_name(1234567890123456ULL), "1234567890123456.chunk");
  EXPECT_EQ(chunk_name(4096, 3), "000000004096.s3.chunk");
  EXPECT_EQ(chunk_key(chunk_name(4096)), (ChunkKey{4096, std::nullopt}));
  for (const int stage : {0, 3, 254}) {
    const auto number = static_cast<std::uint8_t>(stage);
    EXPECT_EQ(chunk_key(chunk_name(1234567890123456ULL, number)),
              (ChunkKey{1234567890123456ULL, number}));
  }
  for (const char* const foreign :
       {"", ".chunk", "000000004096.chunk.tmp", ".000000004096.chunk", "12.chunk",
        "00000000409x.chunk", "000000004096.s.chunk", "000000004096.s03.chunk",
        "000000004096.s256.chunk", "0000000004096.chunk"}) {
    EXPECT_EQ(chunk_key(foreign), std::nullopt) << foreign;
  }
}

TEST(ChunkSamples, IsThePowerOfTwoNearestToAMebibyte) {
  const auto samples_for = [](std::uint32_t bytes) {
    return chunk_samples({{{"x", WireType::kU8, LogicalType::kI64, {bytes}, Role::kInput, false}}});
  };
  EXPECT_EQ(samples_for(257), 4096U);
  EXPECT_EQ(samples_for(2049), 512U);
  EXPECT_EQ(samples_for(1 << 20), 1U);
  EXPECT_EQ(samples_for(8 << 20), 1U);
}

}  // namespace
}  // namespace millrace::proto
