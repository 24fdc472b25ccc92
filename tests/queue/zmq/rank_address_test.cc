// The addresses at which ranks other than 0 listen, and those that producers are told.
#include "queue/zmq/rank_address.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "queue/transports.h"

namespace millrace::queue {
namespace {

using Addresses = std::vector<std::string>;

TEST(RankAddress, ARankListensOnAFreePortBesideRankZero) {
  const Uri uri = parse_uri("tcp://127.0.0.1:5555");
  EXPECT_EQ(addresses_to_bind(uri, "", 1), (Addresses{"tcp://127.0.0.1:*"}));
  EXPECT_EQ(address_to_advertise(uri, "", "tcp://127.0.0.1:40123"), "tcp://127.0.0.1:40123");
}

TEST(RankAddress, OnAnotherMachineItBindsWhatItCanAndTellsWhatItAdvertises) {
  const Uri uri = parse_uri("tcp://10.0.0.1:5555");
  EXPECT_EQ(addresses_to_bind(uri, "10.0.0.2", 1),
            (Addresses{"tcp://10.0.0.1:*", "tcp://10.0.0.2:*", "tcp://0.0.0.0:*"}));
  EXPECT_EQ(address_to_advertise(uri, "10.0.0.2", "tcp://0.0.0.0:40123"), "tcp://10.0.0.2:40123");
  for (const char* text : {"203.0.113.5:7000", "tcp://203.0.113.5:7000"}) {
    EXPECT_EQ(addresses_to_bind(uri, text, 1)[0], "tcp://10.0.0.1:7000") << text;
  }
  EXPECT_EQ(address_to_advertise(uri, "203.0.113.5:7000", "tcp://0.0.0.0:7000"),
            "tcp://203.0.113.5:7000");
}

TEST(RankAddress, LoopbackStaysLoopbackWhateverIsAdvertised) {
  const Uri uri = parse_uri("tcp://127.0.0.1:5555");
  EXPECT_EQ(addresses_to_bind(uri, "localhost", 1), (Addresses{"tcp://127.0.0.1:*"}));
  EXPECT_EQ(address_to_advertise(uri, "localhost", "tcp://127.0.0.1:40123"),
            "tcp://localhost:40123");
}

TEST(RankAddress, SocketsOfRanksLieSideBySide) {
  const Uri uri = parse_uri("ipc:///tmp/race.sock");
  EXPECT_EQ(addresses_to_bind(uri, "", 2), (Addresses{"ipc:///tmp/race.sock.rank2"}));
  EXPECT_EQ(address_to_advertise(uri, "", "ipc:///tmp/race.sock.rank2"),
            "ipc:///tmp/race.sock.rank2");
}

TEST(RankAddress, TextsThatAreNoAddressAreRefused) {
  const Uri uri = parse_uri("tcp://10.0.0.1:5555");
  for (const char* text : {":7000", "host:", "host:http"}) {
    EXPECT_THROW((void)addresses_to_bind(uri, text, 1), std::invalid_argument) << text;
  }
  EXPECT_THROW((void)addresses_to_bind(parse_uri("tcp://0.0.0.0:5555"), "10.0.0.2", 1),
               std::invalid_argument);
}

}  // namespace
}  // namespace millrace::queue
