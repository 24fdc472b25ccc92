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

std::uint16_t port_of(const Monitor& watch) {
  const std::string url = watch.url();
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

TEST(Watch, HasNoPortUnlessAsked) {
  Monitor watch({});
  watch.registry().counter("m_total", "Help.").add();
  EXPECT_EQ(watch.url(), "");
}

TEST(Watch, ShowsNumbersAndHealth) {
  Monitor watch({.address = "127.0.0.1:0", .labels = {{"rank", "0"}}});
  watch.registry().counter("m_total", "Help.").add(3);
  watch.health().alive("step 3 of 12");
  const std::string metrics = http_get(port_of(watch), "/metrics");
  EXPECT_TRUE(contains(metrics, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
      << metrics;
  EXPECT_EQ(body_of(metrics),
            "# HELP m_total Help.\n# TYPE m_total counter\nm_total{rank=\"0\"} 3\n");
  const std::string well = http_get(port_of(watch), "/healthz");
  EXPECT_TRUE(well.starts_with("HTTP/1.1 200 ")) << well;
  EXPECT_EQ(body_of(well), "{\"status\":\"ok\",\"state\":\"step 3 of 12\"}\n");
  watch.health().failed("a rank is gone");
  EXPECT_TRUE(http_get(port_of(watch), "/healthz").starts_with("HTTP/1.1 503 "));
}

TEST(Watch, GivesEveryRankAPort) {
  const std::uint16_t port = testing::free_port();
  const Monitor watch({.address = "127.0.0.1:" + std::to_string(port - 1), .rank = 1});
  EXPECT_EQ(port_of(watch), port);
  EXPECT_THROW(Monitor({.address = "127.0.0.1:65535", .rank = 1}), std::invalid_argument);
}

TEST(Watch, RefusesWhatOthersCanReach) {
  const std::string message =
      testing::message_of<std::invalid_argument>([] { Monitor({.address = "0.0.0.0:0"}); });
  EXPECT_TRUE(contains(message, "watch.exposed = true")) << message;
  EXPECT_NE(Monitor({.address = "0.0.0.0:0", .exposed = true}).url(), "");
}

}  // namespace
}  // namespace millrace::telemetry
