// Files of token ids: they have the documented layout, and impossible ones are refused.
#include "datasets/tokens/token_file.h"

#include <gtest/gtest.h>

#include "datasets/tokens/token_file_writer.h"
#include "proto/digest.h"
#include "proto/files.h"
#include "tests/support/temporary_folder.h"

namespace millrace::datasets {
namespace {

using proto::WireType;
using Ids = std::vector<std::uint32_t>;

struct TokenFiles : ::testing::Test {
  testing::TemporaryFolder folder;
  std::filesystem::path path = folder / "train.bin";

  [[nodiscard]] std::string write(const Ids& ids, WireType width) const {
    TokenFileWriter writer(path, width);
    writer.append(ids);
    return writer.finish();
  }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder.path()), {}));
  }
  template <class Act>
  static std::string error_of(const Act& act) {
    try {
      act();
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(TokenFiles, AreNothingButLittleEndianIds) {
  EXPECT_EQ(write({1, 0x203, 65535}, WireType::kU16),
            proto::hex16(proto::xxh64(std::string_view("\1\0\3\2\xff\xff", 6))));
  EXPECT_EQ(proto::read_file(path), std::string("\1\0\3\2\xff\xff", 6));
  (void)write({1, 0x4030201}, WireType::kU32);
  EXPECT_EQ(proto::read_file(path), std::string("\1\0\0\0\1\2\3\4", 8));
}

TEST_F(TokenFiles, AreReadInEveryWidth) {
  const Ids ids{7, 250, 3, 200, 250};
  for (const WireType width : {WireType::kU16, WireType::kU32}) {
    (void)write(ids, width);
    const TokenFile file(path, width);
    EXPECT_EQ(file.size(), ids.size());
    EXPECT_EQ(file[1], 250U);
    Ids some(3);
    file.read(2, std::span(some));
    EXPECT_EQ(some, (Ids{3, 200, 250}));
  }
}

TEST_F(TokenFiles, MoreThanABufferIsWrittenWhole) {
  Ids ids(700'000);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::uint32_t>(i);
  const std::string hash = write(ids, WireType::kU32);
  EXPECT_EQ(hash, proto::hex16(proto::xxh64(proto::read_file(path))));
  const TokenFile file(path, WireType::kU32);
  Ids read(ids.size());
  file.read(0, std::span(read));
  EXPECT_EQ(read, ids);
}

TEST_F(TokenFiles, OfWhatSizeCannotBeAreRefused) {
  proto::replace_file(path, "12345");
  EXPECT_EQ(error_of([&] { TokenFile(path, WireType::kU16); }),
            path.string() +
                ": its size of 5 bytes is no multiple of the 2 that a token of u16 takes; it is "
                "cut short, or its ids are of "
                "another width");
  proto::replace_file(path, "123456");
  EXPECT_EQ(error_of([&] { TokenFile(path, WireType::kU32); }),
            path.string() +
                ": its size of 6 bytes is no multiple of the 4 that a token of u32 takes; it is "
                "cut short, or its ids are of "
                "another width");
  proto::replace_file(path, "");
  EXPECT_EQ(error_of([&] { TokenFile(path, WireType::kU16); }),
            path.string() + ": the file is empty; write token ids into it, or leave its split out");
  EXPECT_EQ(error_of([&] { TokenFile(folder / "none.bin", WireType::kU16); }),
            (folder / "none.bin").string() + ": cannot read: No such file or directory");
}

TEST_F(TokenFiles, ThatAreNotFinishedAreNotThere) {
  {
    TokenFileWriter writer(path, WireType::kU16);
    writer.append(Ids(1'000'000, 1));
    EXPECT_EQ(writer.size(), 1'000'000U);
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_THROW(writer.append(Ids{65536}), std::invalid_argument);
  }
  EXPECT_EQ(entries(), 0U);
}

TEST_F(TokenFiles, AFolderThatIsNotThereIsSaid) {
  EXPECT_EQ(error_of([&] { TokenFileWriter(folder / "no" / "train.bin", WireType::kU16); }),
            (folder / "no" / "train.bin").string() + ": cannot write: No such file or directory");
}

TEST(TokenWidth, IsTheNarrowestThatHoldsTheIds) {
  EXPECT_EQ(token_width(50257), WireType::kU16);
  EXPECT_EQ(token_width(65536), WireType::kU16);
  EXPECT_EQ(token_width(65537), WireType::kU32);
}

}  // namespace
}  // namespace millrace::datasets
