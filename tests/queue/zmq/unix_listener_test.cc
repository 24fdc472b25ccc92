// Listening at ipc:// paths: nothing of a user's is deleted, and nobody's place is taken.
#include "queue/zmq/unix_listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>

#include "queue/transports.h"
#include "tests/support/messages.h"
#include "tests/support/sample_expectation.h"
#include "tests/support/temporary_folder.h"

namespace millrace::queue {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::message_of;

class UnixPath : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<ConsumerEnd> trainer(std::uint32_t rank = 0) const {
    return open_consumer_end(parse_uri("ipc://" + path_.string()), testing::sample_expectation(),
                             {.run_id = "run", .rank = rank});
  }
  [[nodiscard]] std::string refusal(std::uint32_t rank = 0) const {
    return message_of<std::runtime_error>([&] { (void)trainer(rank); });
  }
  /// A socket as a process that was killed leaves it.
  void leave_a_socket() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(path_.native(), address.sun_path);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::close(fd);
  }

  testing::TemporaryFolder folder_;
  fs::path path_ = folder_ / "socket";
};

TEST_F(UnixPath, AFileThatIsNoSocketIsRefusedAndStays) {
  std::ofstream(path_) << "my thesis\n";
  EXPECT_TRUE(contains(refusal(), "cannot listen at ipc://" + path_.string()));
  EXPECT_TRUE(contains(refusal(), "it is no socket; move it away"));
  EXPECT_EQ(fs::file_size(path_), 10U);
}

TEST_F(UnixPath, TheSameForTheAddressOfAnotherRank) {
  const fs::path beside = folder_ / "socket.rank1";
  std::ofstream(beside) << "my thesis\n";
  EXPECT_TRUE(contains(refusal(1), "socket.rank1: File exists, and it is no socket"));
  EXPECT_EQ(fs::file_size(beside), 10U);
}

TEST_F(UnixPath, LinksFoldersAndPipesAreRefusedAndStay) {
  fs::create_symlink("elsewhere", path_);
  EXPECT_TRUE(contains(refusal(), "it is no socket"));
  EXPECT_TRUE(fs::is_symlink(path_));
  fs::remove(path_);
  fs::create_directory(path_);
  EXPECT_TRUE(contains(refusal(), "it is no socket"));
  fs::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_TRUE(contains(refusal(), "it is no socket"));
  EXPECT_TRUE(fs::is_fifo(path_));
}

TEST_F(UnixPath, OfALivingTrainerIsInUse) {
  const auto first = trainer();
  EXPECT_TRUE(contains(refusal(), "Address already in use; another trainer may hold it"));
  const auto first_of_rank = trainer(1);
  EXPECT_TRUE(contains(refusal(1), "socket.rank1: Address already in use"));
}

TEST_F(UnixPath, OfADeadTrainerIsReplaced) {
  leave_a_socket();
  ASSERT_TRUE(fs::is_socket(path_));
  EXPECT_NE(trainer(), nullptr);
}

TEST_F(UnixPath, IsFreeAfterACleanEnd) {
  EXPECT_NE(trainer(), nullptr);
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_NE(trainer(), nullptr);
}

TEST_F(UnixPath, WhatAUserPutInPlaceOfTheSocketStays) {
  {
    const auto end = trainer();
    fs::remove(path_);
    std::ofstream(path_) << "my thesis\n";
  }
  EXPECT_EQ(fs::file_size(path_), 10U);
}

TEST_F(UnixPath, AFolderThatIsMissingIsNamed) {
  path_ = folder_ / "none" / "socket";
  EXPECT_TRUE(contains(refusal(), "No such file or directory; check --queue.uri"));
}

TEST_F(UnixPath, APathThatIsTooLongIsNamed) {
  path_ = folder_ / std::string(120, 'x');
  EXPECT_TRUE(contains(refusal(), "File name too long"));
}

}  // namespace
}  // namespace millrace::queue
