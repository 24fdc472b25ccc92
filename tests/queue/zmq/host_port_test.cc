// Parsing HOST:PORT, and telling this machine's addresses from others.
#include "queue/zmq/host_port.h"

#include <gtest/gtest.h>

namespace millrace::queue {
namespace {

TEST(HostPort, IsSplitAtTheColonBehindTheHost) {
  EXPECT_EQ(split_host_port("a.host:5555").host, "a.host");
  EXPECT_EQ(split_host_port("a.host:5555").port, "5555");
  EXPECT_EQ(split_host_port("a.host").port, "");
  EXPECT_EQ(split_host_port("[::1]:5555").host, "[::1]");
  EXPECT_EQ(split_host_port("[::1]").host, "[::1]");
}

TEST(HostPort, TellsLoopbackFromTheRest) {
  for (const char* text : {"127.0.0.1:1", "127.8.0.1:1", "localhost:1", "[::1]:1"}) {
    EXPECT_TRUE(is_loopback(text)) << text;
  }
  for (const char* text : {"0.0.0.0:1", "*:1", "10.0.0.1:1", "[::]:1"}) {
    EXPECT_FALSE(is_loopback(text)) << text;
  }
}

}  // namespace
}  // namespace millrace::queue
