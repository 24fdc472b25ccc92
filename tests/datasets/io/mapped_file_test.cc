// Files that change while they are mapped.
#include "datasets/io/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "proto/disk.h"
#include "tests/datasets/text_files.h"
#include "tests/support/temporary_folder.h"

namespace millrace::datasets {
namespace {

namespace fs = std::filesystem;

TEST(MappedFile, CutShortInUseEndsWithASentence) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder / "text.txt";
  testing::write_file(path, std::string(std::size_t{1} << 16, 'x'));
  EXPECT_EXIT(
      {
        const MappedFile file(path);
        std::filesystem::resize_file(path, 0);
        std::exit(file.bytes().back());
      },
      ::testing::ExitedWithCode(EXIT_FAILURE), "^error: a mapped file.* was cut short");
}

class MappedFileInUse : public ::testing::Test {
 protected:
  MappedFileInUse() {
    testing::write_file(path_, std::string(kBytes, 'x'));
    long_ago(path_);
    file_.emplace(path_);
  }
  /// Times of files tick rarely.
  static void long_ago(const fs::path& path) {
    fs::last_write_time(path, fs::last_write_time(path) - std::chrono::hours(1));
  }
  /// What a reading of the file says about it, after `change`.
  template <class Change>
  [[nodiscard]] std::string changed_by(const Change& change) const {
    const FilesRead files;
    file_->note_read();
    change();
    return files.changed().value_or("");
  }
  /// Writes over a part of the file, or behind it.
  static void write_in_place(const fs::path& path, std::size_t at, std::string_view bytes) {
    std::fstream out(path, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(at));
    out << bytes;
  }

  static constexpr std::size_t kBytes = std::size_t{1} << 20;
  testing::TemporaryFolder folder_;
  fs::path path_ = folder_ / "text.txt";
  std::optional<MappedFile> file_;
};

TEST_F(MappedFileInUse, WrittenInPlaceIsNoticed) {
  EXPECT_EQ(changed_by([] {}), "");
  const std::string said = changed_by([&] { write_in_place(path_, 1000, "y"); });
  EXPECT_TRUE(said.starts_with(path_.string() + ": it was written while it was in use")) << said;
  EXPECT_NE(changed_by([] {}), "") << "from then on, always";
}

TEST_F(MappedFileInUse, GrownIsNoticed) {
  EXPECT_NE(changed_by([&] { write_in_place(path_, kBytes, "y"); }), "");
}

TEST_F(MappedFileInUse, WrittenWithItsTimeSetBackIsNoticed) {
  EXPECT_NE(changed_by([&] {
              const auto time = fs::last_write_time(path_);
              write_in_place(path_, 0, std::string(kBytes, 'y'));
              fs::last_write_time(path_, time);
            }),
            "");
}

TEST_F(MappedFileInUse, MovedRemovedAndReplacedIsAsItWas) {
  EXPECT_EQ(changed_by([&] { fs::rename(path_, folder_ / "moved.txt"); }), "");
  EXPECT_EQ(changed_by([&] { testing::write_file(path_, "another"); }), "");
  EXPECT_EQ(changed_by([&] {
              fs::permissions(folder_ / "moved.txt", fs::perms::owner_read);
              fs::remove(folder_ / "moved.txt");
            }),
            "");
}

TEST_F(MappedFileInUse, UnderAnotherNameIsStillLookedAt) {
  fs::rename(path_, folder_ / "moved.txt");
  EXPECT_NE(changed_by([&] { write_in_place(folder_ / "moved.txt", 0, "y"); }), "");
}

TEST_F(MappedFileInUse, AmongMoreThanKeepADescriptorIsLookedAtByItsName) {
  std::vector<MappedFile> files;
  for (int i = 0; i < 600; ++i) {
    const fs::path path = folder_ / std::to_string(i);
    testing::write_file(path, "x");
    long_ago(path);
    files.emplace_back(path);
  }
  const FilesRead read;
  for (const MappedFile& each : files) each.note_read();
  EXPECT_EQ(read.changed(), std::nullopt);
  EXPECT_LT(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()), 300);
  write_in_place(folder_ / "599", 0, "y");
  EXPECT_NE(read.changed(), std::nullopt);
}

TEST_F(MappedFileInUse, IsNoticedOnlyByWhoReadsIt) {
  const FilesRead files;
  write_in_place(path_, 0, "y");
  EXPECT_EQ(files.changed(), std::nullopt);
}

TEST(MappedFile, IsNoPipe) {
  const testing::TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(MappedFile(folder / "pipe"), proto::DiskError);
}

}  // namespace
}  // namespace millrace::datasets
