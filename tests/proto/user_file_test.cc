// A user's file is replaced as a whole, keeps its mode and links, and is written in place where it
// is a device or a pipe.
#include "proto/user_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <fstream>
#include <thread>
#include <vector>

#include "proto/descriptor.h"
#include "proto/disk.h"
#include "proto/files.h"
#include "tests/support/temporary_folder.h"

namespace {

/// While set, closing says what a quota that is looked at only then has refused.
bool close_fails = false;

}  // namespace

extern "C" int close(int fd) {
  const auto result = static_cast<int>(::syscall(SYS_close, fd));
  if (!close_fails) return result;
  errno = EDQUOT;
  return -1;
}

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

TEST_F(UserFileTest, ADescriptorIsWrittenWhereItStands) {
  put(folder_ / "log", "before\n");
  const Descriptor log(::open((folder_ / "log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  const std::string number = std::to_string(log.get());
  fs::create_symlink("/proc/self/fd/" + number, folder_ / "link");
  write_user_file("/dev/fd/" + number, "one\n");
  write_user_file(folder_ / "link", "two\n");
  EXPECT_EQ(read_file(folder_ / "log"), "before\none\ntwo\n");
  EXPECT_EQ(names(), (std::vector<std::string>{"link", "log"}));
}

TEST_F(UserFileTest, ADescriptorIsAPipeOfAShell) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor from(ends[0]);
  Descriptor to(ends[1]);
  write_user_file("/dev/fd/" + std::to_string(to.get()), "a line\n");
  char got[16] = {};
  EXPECT_EQ(::read(from.get(), got, sizeof got), 7);
  EXPECT_STREQ(got, "a line\n");
  EXPECT_EQ(reason_of([&] { UserFile file("/dev/fd/" + std::to_string(from.get())); }), EBADF);
  const std::string closed = "/dev/fd/" + std::to_string(to.get());
  ASSERT_TRUE(to.close());
  EXPECT_EQ(reason_of([&] { UserFile file(closed); }), EBADF);
}

TEST_F(UserFileTest, AFullPipeThatIsNonBlockingIsWaitedFor) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  Descriptor to(ends[1]);
  const std::string text(1'000'000, 'x');
  std::string got;
  std::thread reader([from = Descriptor(ends[0]), &got] {
    ASSERT_EQ(::fcntl(from.get(), F_SETFL, 0), 0);
    char piece[4096];
    for (ssize_t n = 0; (n = ::read(from.get(), piece, sizeof piece)) > 0;) {
      got.append(piece, static_cast<std::size_t>(n));
    }
  });
  write_user_file("/dev/fd/" + std::to_string(to.get()), text);
  EXPECT_TRUE(to.close());
  reader.join();
  EXPECT_TRUE(got == text);
}

TEST_F(UserFileTest, AFileThatHasNoNameAnyMoreIsWrittenInPlace) {
  put(folder_ / "gone", "old text");
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int file = ::open((folder_ / "gone").c_str(), O_RDWR);
  const pid_t holder = ::fork();  // another process, whose descriptor is not this one's
  if (holder == 0) {
    ::close(ends[1]);
    char nothing = 0;
    (void)!::read(ends[0], &nothing, 1);
    ::_exit(0);
  }
  fs::remove(folder_ / "gone");
  write_user_file("/proc/" + std::to_string(holder) + "/fd/" + std::to_string(file), "new");
  char got[16] = {};
  EXPECT_EQ(::pread(file, got, sizeof got, 0), 3);
  EXPECT_STREQ(got, "new");
  EXPECT_EQ(names(), std::vector<std::string>{});
  for (const int fd : {ends[0], ends[1], file}) ::close(fd);
  ::waitpid(holder, nullptr, 0);
}

TEST_F(UserFileTest, TheOldFileStaysWhereTheNewOneCannotBeClosed) {
  const fs::path path = folder_ / "samples.txt";
  put(path, "old");
  {
    UserFile file(path);
    file.write("new");
    close_fails = true;
    const int reason = reason_of([&] { file.finish(); });
    close_fails = false;
    EXPECT_EQ(reason, EDQUOT);
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"samples.txt"});
}

TEST_F(UserFileTest, WhatWasMovedIsStillRemovedWithoutFinish) {
  std::vector<UserFile> files;
  files.emplace_back(folder_ / "a");
  files.emplace_back(folder_ / "b");  // the vector moves the first
  EXPECT_EQ(names().size(), 2U);
  files.clear();
  EXPECT_EQ(names(), std::vector<std::string>{});
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
