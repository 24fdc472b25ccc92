// A shard written in several runs has the same bytes, wherever it was interrupted.
#include "annotation/shard_writer.h"

#include <gtest/gtest.h>

#include <fstream>

#include "proto/files.h"
#include "tests/annotation/shards.h"
#include "tests/support/temporary_folder.h"

namespace millrace::annotation {
namespace {

class ShardWriting : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path beside(const std::string& suffix) const {
    return folder_.path() / ("." + shard_name(0, 1) + suffix);
  }
  [[nodiscard]] std::string shard() const {
    return proto::read_file(folder_.path() / shard_name(0, 1));
  }
  void write(ShardWriter& writer, std::size_t first, std::size_t last) {
    Picker picker(Selection::kConstituency, 1000);
    for (std::size_t i = first; i < last; ++i) add(writer, picker, three_chunks()[i]);
  }

  testing::TemporaryFolder folder_;
};

TEST_F(ShardWriting, ContinuesBehindTheLastSave) {
  write_shard(folder_.path(), small_header(), three_chunks());
  const std::string expected = shard();
  std::filesystem::remove(folder_.path() / shard_name(0, 1));
  const Pending pending{{7, 8}, {1, 3.5F}};
  {
    ShardWriter writer(folder_.path(), small_header());
    write(writer, 0, 1);
    writer.save(5, pending);
    write(writer, 1, 2);  // not saved: as if the process had been killed here
  }
  {
    ShardWriter writer(folder_.path(), small_header());
    EXPECT_EQ(writer.passages_done(), 5u);
    EXPECT_EQ(writer.chunks(), 1u);
    EXPECT_EQ(writer.filling_chunks(), 1u);
    EXPECT_EQ(writer.pending(), pending);
    write(writer, 1, 3);
    writer.finish(1, 0);
  }
  EXPECT_EQ(shard(), expected);
  for (const char* suffix : {".records", ".progress", ".lock"}) {
    EXPECT_FALSE(std::filesystem::exists(beside(suffix))) << suffix;
  }
}

TEST_F(ShardWriting, BeginsAnewWhatWasOfSomethingElse) {
  {
    ShardWriter writer(folder_.path(), small_header());
    write(writer, 0, 2);
    writer.save(5, {});
  }
  ShardHeader other = small_header();
  other.tokenizer_hash = "ffffffffffffffff";
  EXPECT_EQ(ShardWriter(folder_.path(), other).passages_done(), 0u);
}

TEST_F(ShardWriting, BeginsAnewWhereSomethingIsMissing) {
  const auto save = [&] {
    ShardWriter writer(folder_.path(), small_header());
    write(writer, 0, 2);
    writer.save(5, {});
  };
  save();
  std::filesystem::resize_file(beside(".records"), 30);
  EXPECT_EQ(ShardWriter(folder_.path(), small_header()).passages_done(), 0u);
  save();
  std::ofstream(beside(".progress")) << "{\"of\":1";
  EXPECT_EQ(ShardWriter(folder_.path(), small_header()).chunks(), 0u);
}

TEST_F(ShardWriting, OneProcessAtATime) {
  const ShardWriter writer(folder_.path(), small_header());
  EXPECT_THROW(ShardWriter(folder_.path(), small_header()), std::runtime_error);
}

}  // namespace
}  // namespace millrace::annotation
