// A user's file is replaced as a whole, keeps its mode and links, and is written in place where it
// is a device or a pipe.
#include "proto/user_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <fstream>
#include <thread>

#include "proto/disk.h"
#include "proto/files.h"
#include "tests/support/temporary_folder.h"

namespace millrace::proto {
namespace {

namespace fs = std::filesystem;

class UserFileTest : public ::testing::Test {
 protected:
  void put(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  std::vector<std::string> names() const { return real_disk().list(folder_.path()); }

  testing::TemporaryFolder folder_;
};

int reason_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const DiskError& error) {
    return error.reason();
  }
  return 0;
}

TEST_F(UserFileTest, TheOldFileStaysUntilTheNewOneIsFinished) {
  const fs::path path = folder_ / "samples.txt";
  put(path, "an hour of samples");
  {
    UserFile file(path);
    file.write("new");
    EXPECT_EQ(read_file(path), "an hour of samples");
    file.write(" text");
    file.finish();
  }
  EXPECT_EQ(read_file(path), "new text");
  EXPECT_EQ(names(), std::vector<std::string>{"samples.txt"});
}

TEST_F(UserFileTest, TheLongestNameThatAFileCanHave) {
  const fs::path path = folder_ / std::string(NAME_MAX, 'n');
  write_user_file(path, "text");
  write_user_file(path, "new text");
  EXPECT_EQ(read_file(path), "new text");
  EXPECT_EQ(names(), std::vector<std::string>{path.filename().string()});
}

TEST_F(UserFileTest, WithoutFinishNothingHasChanged) {
  const fs::path path = folder_ / "samples.txt";
  put(path, "old");
  { UserFile(path).write(std::string(std::size_t{1} << 20, 'x')); }
  { UserFile(folder_ / "other.txt").write("x"); }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"samples.txt"});
}

TEST_F(UserFileTest, KeepsTheModeAndFollowsLinks) {
  fs::create_directory(folder_ / "real");
  const fs::path real = folder_ / "real/v.json";
  put(real, "{}");
  fs::permissions(real, fs::perms(0600));
  fs::create_symlink("real/v.json", folder_ / "link");
  fs::create_symlink("link", folder_ / "link to a link");
  write_user_file(folder_ / "link to a link", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "link to a link"));
  EXPECT_EQ(read_file(real), "new");
  EXPECT_EQ(fs::status(real).permissions(), fs::perms(0600));
}

TEST_F(UserFileTest, MakesTheFileThatADanglingLinkNames) {
  fs::create_symlink("later.txt", folder_ / "link");
  write_user_file(folder_ / "link", "text");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_file(folder_ / "later.txt"), "text");
}

TEST_F(UserFileTest, ARingOfLinksIsAnError) {
  fs::create_symlink("b", folder_ / "a");
  fs::create_symlink("a", folder_ / "b");
  EXPECT_EQ(reason_of([&] { UserFile file(folder_ / "a"); }), ELOOP);
}

TEST_F(UserFileTest, HardLinksStayTogether) {
  put(folder_ / "a", "a longer text");
  fs::create_hard_link(folder_ / "a", folder_ / "b");
  write_user_file(folder_ / "a", "new");
  EXPECT_EQ(read_file(folder_ / "b"), "new");
}

TEST_F(UserFileTest, ANamedPipeIsWrittenAndStays) {
  const fs::path path = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] {
    std::ifstream in(path);
    std::getline(in, got);
  });
  write_user_file(path, "a line\n");
  reader.join();
  EXPECT_EQ(got, "a line");
  EXPECT_EQ(fs::status(path).type(), fs::file_type::fifo);
}

TEST_F(UserFileTest, ADeviceIsWrittenInPlace) {
  // The process's own terminal, made for the test.
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  ASSERT_EQ(::grantpt(terminal) | ::unlockpt(terminal), 0);
  const fs::path path = ::ptsname(terminal);
  write_user_file(path, "a line\n");
  char got[16] = {};
  EXPECT_GT(::read(terminal, got, sizeof got), 0);
  EXPECT_EQ(std::string(got).substr(0, 6), "a line");
  EXPECT_EQ(fs::status(path).type(), fs::file_type::character);
  ::close(terminal);
}

TEST_F(UserFileTest, RefusesWhatCannotBeAFile) {
  fs::create_directory(folder_ / "folder");
  put(folder_ / "file", "");
  EXPECT_EQ(reason_of([&] { UserFile file(folder_ / "folder"); }), EISDIR);
  EXPECT_EQ(reason_of([&] { UserFile file(folder_ / "none/file"); }), ENOENT);
  EXPECT_EQ(reason_of([&] { UserFile file(folder_ / "file/file"); }), ENOTDIR);
}

TEST_F(UserFileTest, ReadsAPipeToItsEnd) {
  const fs::path path = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const std::string text(300'000, 'x');
  std::thread writer([&] { std::ofstream(path) << text; });
  EXPECT_EQ(read_user_file(path, [] {}), text);
  writer.join();
}

TEST_F(UserFileTest, AStopEndsTheWaitForAPipe) {
  const fs::path path = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  int looks = 0;
  const auto stop = [&] {
    if (++looks == 3) throw std::runtime_error("stopped");
  };
  EXPECT_THROW((void)read_user_file(path, stop), std::runtime_error);
}

TEST_F(UserFileTest, WhatCannotBeReadIsAnError) {
  EXPECT_EQ(reason_of([&] { (void)read_user_file(folder_.path(), [] {}); }), EISDIR);
  EXPECT_EQ(reason_of([&] { (void)read_user_file(folder_ / "none", [] {}); }), ENOENT);
  EXPECT_EQ(reason_of([&] { (void)read_user_file("/dev/zero", [] {}); }), EFBIG);
}

}  // namespace
}  // namespace millrace::proto
