// The book of connections: who has to go when there are too many.
#include "queue/zmq/connection_table.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace millrace::queue {
namespace {

using Limit = ConnectionTable::Limit;

class Connections : public ::testing::Test {
 protected:
  /// The descriptor that has to go after one more connection; −1: none.
  int add(int fd, const std::string& address) {
    table_.add(fd, address);
    const auto excess = table_.excess(address);
    if (!excess) return -1;
    limit_ = excess->limit;
    table_.remove(excess->fd);
    EXPECT_FALSE(table_.excess(address));
    return excess->fd;
  }

  ConnectionTable table_{{.in_all = 6, .per_address = 4, .strangers_per_address = 2}};
  Limit limit_{};
};

TEST_F(Connections, TheOldestStrangerOfAnAddressGoes) {
  EXPECT_EQ(add(10, "a"), -1);
  EXPECT_EQ(add(11, "b"), -1);
  EXPECT_EQ(add(12, "a"), -1);
  EXPECT_EQ(add(13, "a"), 10);
  EXPECT_EQ(limit_, Limit::kStrangersPerAddress);
  EXPECT_EQ(add(14, "a"), 12);
  EXPECT_EQ(add(15, "b"), -1);
}

TEST_F(Connections, ThoseInUseStay) {
  for (int fd = 10; fd < 14; ++fd) {
    EXPECT_EQ(add(fd, "a"), -1);
    EXPECT_TRUE(table_.trust(fd));
    EXPECT_TRUE(table_.trust(fd));
  }
  EXPECT_EQ(add(14, "a"), 14);
  EXPECT_EQ(limit_, Limit::kPerAddress);
  EXPECT_EQ(add(20, "b"), -1);
  EXPECT_EQ(add(21, "c"), -1);
  EXPECT_EQ(add(22, "d"), 20);
  EXPECT_EQ(limit_, Limit::kInAll);
  EXPECT_TRUE(table_.trust(21));
  EXPECT_TRUE(table_.trust(22));
  EXPECT_EQ(add(23, "e"), 23);
  for (int fd : {10, 11, 12, 13, 21, 22}) EXPECT_TRUE(table_.is_trusted(fd)) << fd;
}

TEST_F(Connections, ThoseThatEndedCountNoMore) {
  for (int round = 0; round < 100; ++round) {
    EXPECT_EQ(add(10, "a"), -1);
    EXPECT_EQ(add(11, "a"), -1);
    EXPECT_TRUE(table_.trust(11));
    table_.remove(10);
    table_.remove(11);
  }
  table_.remove(12);
  EXPECT_FALSE(table_.trust(11));
  EXPECT_FALSE(table_.is_trusted(11));
}

TEST_F(Connections, ADescriptorThatComesAgainIsAStrangerAgain) {
  EXPECT_EQ(add(10, "a"), -1);
  EXPECT_TRUE(table_.trust(10));
  for (int round = 0; round < 10; ++round) EXPECT_EQ(add(10, "a"), -1);
  EXPECT_FALSE(table_.is_trusted(10));
}

TEST(ConnectionLimits, LeaveDescriptorsForFiles) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const auto in_all_of = [&](rlim_t descriptors) {
    const rlimit limit{descriptors, before.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    return connection_limits().in_all;
  };
  EXPECT_LE(in_all_of(1024), 1024U - 256U);
  EXPECT_GT(in_all_of(1024), 512U);
  EXPECT_LE(in_all_of(64), 48U);
  EXPECT_GE(in_all_of(4), 1U);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_LE(connection_limits().in_all, 8192U);
}

}  // namespace
}  // namespace millrace::queue
