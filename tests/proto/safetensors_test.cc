// safetensors files: a round trip, and every kind of damage with its reason.
#include "proto/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "proto/files.h"
#include "tests/support/temporary_folder.h"

namespace millrace::proto {
namespace {

struct Safetensors : ::testing::Test {
  testing::TemporaryFolder folder;
  std::filesystem::path path = folder / "t.safetensors";

  /// Writes a file of this header and `data_bytes` bytes of data.
  void write(const std::string& header, std::size_t data_bytes) const {
    const std::uint64_t length = header.size();
    std::string content(reinterpret_cast<const char*>(&length), sizeof length);
    replace_file(path, content + header + std::string(data_bytes, 'x'));
  }
  void write(std::span<const NamedTensor> tensors,
             const std::map<std::string, std::string>& metadata = {}) const {
    replace_file(path, SafetensorsPieces(tensors, metadata).pieces());
  }
  [[nodiscard]] std::string damage() const {
    std::string reason;
    EXPECT_FALSE(SafetensorsFile::open(path, reason).has_value());
    return reason;
  }
};

template <class T>
NamedTensor tensor(const std::string& name, TensorType type, const std::vector<T>& values) {
  return {name, type, {values.size()}, std::as_bytes(std::span(values))};
}

TEST_F(Safetensors, WhatIsWrittenComesBackAligned) {
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  const std::vector<float> floats{0.5F, -1.0F};
  const std::vector<std::int64_t> longs{-7};
  const std::vector<NamedTensor> tensors{tensor("bytes", TensorType::kU8, bytes),
                                         tensor("floats", TensorType::kF32, floats),
                                         tensor("longs", TensorType::kI64, longs)};
  write(tensors, {{"step", "12"}});
  std::string reason;
  const auto file = SafetensorsFile::open(path, reason);
  ASSERT_TRUE(file.has_value()) << reason;
  EXPECT_EQ(file->metadata().at("step"), "12");
  ASSERT_EQ(file->tensors().size(), 3U);
  for (const NamedTensor& written : tensors) {
    const NamedTensor* const read = file->find(written.name);
    ASSERT_NE(read, nullptr);
    EXPECT_EQ(read->type, written.type);
    EXPECT_EQ(read->shape, written.shape);
    EXPECT_TRUE(std::ranges::equal(read->bytes, written.bytes));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(read->bytes.data()) % width(read->type), 0U);
  }
  EXPECT_EQ(file->find("other"), nullptr);
}

TEST_F(Safetensors, TheHeaderIsTheDocumentedOne) {
  const std::vector<float> floats{1.0F};
  write(std::vector{tensor("w", TensorType::kF32, floats)});
  const std::string content = read_file(path);
  const std::string json = R"({"w":{"data_offsets":[0,4],"dtype":"F32","shape":[1]}})";
  std::uint64_t length = 0;
  std::memcpy(&length, content.data(), sizeof length);
  EXPECT_EQ(length % 8, 0U);
  EXPECT_EQ(content.substr(8, json.size()), json);
  EXPECT_EQ(content.size(), 8 + length + 4);
}

TEST_F(Safetensors, AnEmptyFileOfTensorsIsWhole) {
  write({});
  std::string reason;
  EXPECT_TRUE(SafetensorsFile::open(path, reason).has_value()) << reason;
}

TEST_F(Safetensors, RefusesToWriteNonsense) {
  const std::vector<float> floats{1.0F};
  const auto good = tensor("w", TensorType::kF32, floats);
  EXPECT_THROW(write(std::vector{good, good}), std::invalid_argument);
  NamedTensor bad = good;
  bad.shape = {2};
  EXPECT_THROW(write(std::vector{bad}), std::invalid_argument);
  bad = good;
  bad.name = "__metadata__";
  EXPECT_THROW(write(std::vector{bad}), std::invalid_argument);
}

TEST_F(Safetensors, EveryTruncationIsDamage) {
  const std::vector<float> floats{1.0F, 2.0F};
  write(std::vector{tensor("w", TensorType::kF32, floats)});
  const std::string content = read_file(path);
  for (std::size_t size = 0; size < content.size(); ++size) {
    replace_file(path, content.substr(0, size));
    EXPECT_FALSE(damage().empty()) << size;
  }
}

TEST_F(Safetensors, EachKindOfDamageHasItsSentence) {
  replace_file(path, "short");
  EXPECT_EQ(damage(), "it is shorter than a header");
  replace_file(path, std::string(8, '\xff') + "{}");
  EXPECT_EQ(damage(), "its header of 18446744073709551615 bytes does not fit a file of 10");
  write(R"({"w":{"dtype":"F8","shape":[4],"data_offsets":[0,4]}})", 4);
  EXPECT_EQ(damage(), "tensor 'w' has the unknown dtype 'F8'");
  write(R"({"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 3);
  EXPECT_EQ(damage(), "tensor 'w' ends at byte 4 of 3");
  write(R"({"w":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}})", 4);
  EXPECT_EQ(damage(), "tensor 'w' ends at byte 0 of 4");
  write(R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[0,4]}})", 4);
  EXPECT_EQ(damage(), "tensor 'w' has 4 bytes, which its shape does not ask for");
  write(R"({"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", 0);
  EXPECT_EQ(damage(), "tensor 'w' has 0 bytes, which its shape does not ask for");
  write(
      R"({"v":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"w":{"dtype":"U8","shape":[3],"data_offsets":[2,5]}})",
      5);
  EXPECT_EQ(damage(), "tensor 'w' leaves a hole or overlaps");
  write(R"({"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 6);
  EXPECT_EQ(damage(), "2 bytes follow the last tensor");
  write("[1, 2]", 0);
  EXPECT_FALSE(damage().empty());
  write("{", 0);
  EXPECT_FALSE(damage().empty());
}

TEST_F(Safetensors, AMissingFileThrowsWithItsPath) {
  std::string reason;
  try {
    (void)SafetensorsFile::open(folder / "none", reason);
    FAIL() << "a missing file was opened";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("none: cannot read: "), std::string::npos);
  }
}

}  // namespace
}  // namespace millrace::proto
