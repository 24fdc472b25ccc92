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

TEST(RankAddress, AnAddressOfARankIsAnAddressOfTheSameTransport) {
  const Uri tcp = parse_uri("tcp://10.0.0.1:5555"), ipc = parse_uri("ipc:///tmp/race.sock");
  EXPECT_EQ(rank_address_error(tcp, "tcp://10.0.0.2:7000"), "");
  EXPECT_EQ(rank_address_error(ipc, "ipc:///tmp/race.sock.rank1"), "");
  for (const char* address : {"garbage", "tcp://", "tcp://host", "tcp://host:0", "tcp://host:x",
                              "ipc:///run/evil.sock", "inproc://x", "file:///tmp"}) {
    EXPECT_NE(rank_address_error(tcp, address), "") << address;
  }
  for (const char* address : {"garbage", "ipc://", "tcp://10.0.0.1:5"}) {
    EXPECT_NE(rank_address_error(ipc, address), "") << address;
  }
}

TEST(RankHosts, AreThatOfQueueUriAndThoseThatTheUserNames) {
  const Uri uri = parse_uri("tcp://10.0.0.1:5555");
  const RankHosts alone(uri, "", false);
  EXPECT_EQ(alone.error("tcp://10.0.0.1:7000"), "");
  EXPECT_EQ(alone.error("tcp://10.0.0.2:7000"),
            "this producer does not go to the rank at tcp://10.0.0.2:7000: it is on another host "
            "than queue.uri tcp://10.0.0.1:5555; if that is right, set queue.rank_hosts = "
            "\"10.0.0.2\" (or a network, 10.0.0.0/24), or use keys");
  EXPECT_NE(alone.error("tcp://127.0.0.1:22"), "");
  EXPECT_NE(alone.error("ipc:///run/evil.sock"), "");
  EXPECT_NE(alone.error("garbage"), "");
  const RankHosts named(uri, " Host-B , 10.0.1.0/24, [fd00::]/8 ,10.0.0.7", false);
  for (const char* host : {"host-b", "10.0.1.0", "10.0.1.255", "[fd12::1]", "10.0.0.7"}) {
    EXPECT_EQ(named.error("tcp://" + std::string(host) + ":7000"), "") << host;
  }
  for (const char* host :
       {"host-c", "10.0.2.1", "[fe00::1]", "10.0.0.8", "10.0.1.1.evil.example"}) {
    EXPECT_NE(named.error("tcp://" + std::string(host) + ":7000"), "") << host;
  }
}

TEST(RankHosts, WithKeysAreAny) {
  const RankHosts any(parse_uri("tcp://10.0.0.1:5555"), "", true);
  EXPECT_EQ(any.error("tcp://203.0.113.5:7000"), "");
  EXPECT_NE(any.error("ipc:///run/evil.sock"), "");
}

TEST(RankHosts, OnThisMachineAndWhereRankZeroWasReached) {
  EXPECT_EQ(RankHosts(parse_uri("tcp://127.0.0.1:5555"), "", false).error("tcp://localhost:7000"),
            "");
  RankHosts hosts(parse_uri("tcp://trainer:5555"), "", false);
  EXPECT_NE(hosts.error("tcp://10.0.0.1:7000"), "");
  hosts.add_own_address("10.0.0.1");
  EXPECT_EQ(hosts.error("tcp://10.0.0.1:7000"), "");
}

TEST(RankHosts, SocketsLieInTheFolderOfQueueUri) {
  const RankHosts hosts(parse_uri("ipc:///tmp/race.sock"), "", false);
  EXPECT_EQ(hosts.error("ipc:///tmp/race.sock.rank2"), "");
  EXPECT_EQ(hosts.error("ipc:///tmp/../tmp/race.sock.rank2"), "");
  EXPECT_NE(hosts.error("ipc:///run/race.sock.rank2"), "");
  EXPECT_NE(hosts.error("ipc:///tmp/../run/evil.sock"), "");
}

TEST(RankHosts, TextsThatAreNeitherHostNorNetworkAreRefused) {
  const Uri uri = parse_uri("tcp://10.0.0.1:5555");
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "host/24", "tcp://10.0.0.2:5",
                           "10.0.0.2:7000", "fd00::/129", "a b"}) {
    EXPECT_THROW(RankHosts(uri, text, false), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace millrace::queue
