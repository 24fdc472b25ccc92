// The forms of watch.address.
#include "telemetry/address.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/support/messages.h"

namespace millrace::telemetry {
namespace {

using testing::contains;
using testing::message_of;

TEST(Address, KnowsItsForms) {
  EXPECT_EQ(parse_address("127.0.0.1:9100", false).port, 9100);
  EXPECT_EQ(parse_address("127.8.0.1:0", false).host, "127.8.0.1");
  EXPECT_EQ(parse_address("localhost:1", false).host, "127.0.0.1");
  EXPECT_EQ(parse_address("[::1]:65535", false).host, "::1");
  for (const char* text : {"127.0.0.1:9100", "[::1]:9100"}) {
    EXPECT_EQ(to_string(parse_address(text, false)), text);
  }
}

TEST(Address, RefusesOtherTexts) {
  for (const char* text : {"", "9100", ":9100", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                           "127.0.0.1:-1", "127.0.0.1:9x", "a.host:9100", "::1:9100",
                           "[127.0.0.1]:9100", "[::1]", "http://127.0.0.1:9100"}) {
    EXPECT_THROW((void)parse_address(text, true), std::invalid_argument) << text;
  }
}

TEST(Address, RefusesAddressesThatOthersCanReachUnlessExposed) {
  for (const char* text : {"0.0.0.0:9100", "10.0.0.1:9100", "[::]:9100"}) {
    const std::string message =
        message_of<std::invalid_argument>([&] { (void)parse_address(text, false); });
    EXPECT_TRUE(contains(message, text)) << message;
    EXPECT_TRUE(contains(message, "watch.exposed = true")) << message;
    EXPECT_EQ(to_string(parse_address(text, true)), text);
  }
}

TEST(Address, OwnHostsAreNumbersLocalhostAndTheMachinesName) {
  for (const char* host : {"10.0.0.1", "10.0.0.1:9100", "[fd00::1]", "[fd00::1]:9100", "localhost",
                           "Trainer:9100", "trainer.lab.example", "TRAINER.lab.example:1"}) {
    EXPECT_TRUE(is_own_host(host, "trainer.lab.example")) << host;
  }
  for (const char* host : {"", ":9100", "trainer.attacker.example", "trainer.", "10.0.0.1.example",
                           "[trainer]", "[10.0.0.1]", "::1", "[", "127.1"}) {
    EXPECT_FALSE(is_own_host(host, "trainer.lab.example")) << host;
  }
  EXPECT_FALSE(is_own_host("", ""));
}

}  // namespace
}  // namespace millrace::telemetry
