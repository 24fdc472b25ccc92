#include "queue/ends/uri.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace millrace::queue {
namespace {

TEST(Uri, KnowsItsTransports) {
  EXPECT_EQ(parse_uri("inproc://").scheme, Scheme::kInproc);
  EXPECT_EQ(parse_uri("file://queue/a b").rest, "queue/a b");
  EXPECT_EQ(parse_uri("file:///abs").rest, "/abs");
  EXPECT_EQ(parse_uri("tcp://127.0.0.1:5555").scheme, Scheme::kTcp);
  EXPECT_EQ(parse_uri("ipc://race.sock").rest, "race.sock");
}

TEST(Uri, RefusesWhatNamesNoPlace) {
  for (const char* text :
       {"", "queue/x", "http://a:1", "file://", "ipc://", "tcp://", "tcp://host",
        "tcp://host:", "tcp://:5", "tcp://host:0", "tcp://host:65536", "tcp://host:5x"}) {
    EXPECT_THROW((void)parse_uri(text), std::invalid_argument) << text;
  }
}

TEST(Uri, TellsLoopbackFromTheRest) {
  EXPECT_TRUE(is_loopback(parse_uri("tcp://127.0.0.1:1")));
  EXPECT_TRUE(is_loopback(parse_uri("tcp://localhost:1")));
  EXPECT_TRUE(is_loopback(parse_uri("tcp://[::1]:1")));
  EXPECT_FALSE(is_loopback(parse_uri("tcp://0.0.0.0:1")));
  EXPECT_FALSE(is_loopback(parse_uri("tcp://*:1")));
  EXPECT_FALSE(is_loopback(parse_uri("tcp://10.0.0.1:1")));
}

}  // namespace
}  // namespace millrace::queue
