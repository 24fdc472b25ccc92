// The pages of a monitor, and where they are shown.
#include "telemetry/monitor.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/support/free_address.h"
#include "tests/support/http_get.h"
#include "tests/support/messages.h"

namespace millrace::telemetry {
namespace {

using testing::body_of;
using testing::contains;
using testing::http_get;

std::uint16_t port_of(const Monitor& monitor) {
  const std::string url = monitor.url();
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

TEST(Monitor, HasNoPortUnlessAsked) {
  Monitor monitor({});
  monitor.registry().counter("m_total", "Help.").add();
  EXPECT_EQ(monitor.url(), "");
}

TEST(Monitor, ShowsNumbersAndHealth) {
  Monitor monitor({.address = "127.0.0.1:0", .labels = {{"rank", "0"}}});
  monitor.registry().counter("m_total", "Help.").add(3);
  monitor.health().alive("step 3 of 12");
  const std::string metrics = http_get(port_of(monitor), "/metrics");
  EXPECT_TRUE(contains(metrics, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
      << metrics;
  EXPECT_EQ(body_of(metrics),
            "# HELP m_total Help.\n# TYPE m_total counter\nm_total{rank=\"0\"} 3\n");
  const std::string well = http_get(port_of(monitor), "/healthz");
  EXPECT_TRUE(well.starts_with("HTTP/1.1 200 ")) << well;
  EXPECT_EQ(body_of(well), "{\"status\":\"ok\",\"state\":\"step 3 of 12\"}\n");
  monitor.health().failed("a rank is gone");
  EXPECT_TRUE(http_get(port_of(monitor), "/healthz").starts_with("HTTP/1.1 503 "));
}

TEST(Monitor, GivesEveryRankAPort) {
  const std::uint16_t port = testing::free_port();
  const Monitor monitor({.address = "127.0.0.1:" + std::to_string(port - 1), .rank = 1});
  EXPECT_EQ(port_of(monitor), port);
  EXPECT_THROW(Monitor({.address = "127.0.0.1:65535", .rank = 1}), std::invalid_argument);
}

TEST(Monitor, RefusesAddressesThatOthersCanReach) {
  const std::string message =
      testing::message_of<std::invalid_argument>([] { Monitor({.address = "0.0.0.0:0"}); });
  EXPECT_TRUE(contains(message, "watch.exposed = true")) << message;
  EXPECT_NE(Monitor({.address = "0.0.0.0:0", .exposed = true}).url(), "");
}

}  // namespace
}  // namespace millrace::telemetry
