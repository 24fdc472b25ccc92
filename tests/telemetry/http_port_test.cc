// The HTTP port: its answers, bad requests and slow clients.
#include "telemetry/http_port.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/http_get.h"
#include "tests/support/messages.h"

namespace millrace::telemetry {
namespace {

using namespace std::string_literals;
using testing::body_of;
using testing::contains;
using testing::http_get;
using testing::http_request;
using testing::LocalConnection;

const Address kAnyPort{"127.0.0.1", 0};

class Http : public ::testing::Test {
 protected:
  static Page bad() { throw std::runtime_error("no page today"); }

  HttpPort port_{kAnyPort,
                 {{"/one",
                   [] {
                     return Page{200, "text/plain", "first\n"};
                   }},
                  {"/two",
                   [] {
                     return Page{503, "application/json", "{}\n"};
                   }},
                  {"/bad", bad}}};
  std::uint16_t number_ = port_.address().port;
};

TEST_F(Http, AnswersGet) {
  EXPECT_NE(number_, 0);
  const std::string answer = http_get(number_, "/one");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(contains(answer, "Content-Type: text/plain\r\n")) << answer;
  EXPECT_TRUE(contains(answer, "Content-Length: 6\r\n")) << answer;
  EXPECT_EQ(body_of(answer), "first\n");
  EXPECT_EQ(body_of(http_get(number_, "/one?a=b")), "first\n");
  EXPECT_TRUE(http_get(number_, "/two").starts_with("HTTP/1.1 503 ")) << answer;
}

TEST_F(Http, AnswersHeadWithoutABody) {
  const std::string answer = http_request(number_, "HEAD /one HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(contains(answer, "Content-Length: 6\r\n")) << answer;
  EXPECT_EQ(body_of(answer), "");
}

TEST_F(Http, RefusesOtherMethodsAndPaths) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
    const std::string request =
        std::string(method) + " /one HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc";
    const std::string answer = http_request(number_, request);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 ")) << answer;
    EXPECT_TRUE(contains(answer, "Allow: GET, HEAD\r\n")) << answer;
  }
  for (const char* path : {"/", "/one/", "/three", "/../one", "*", "http://elsewhere/one"}) {
    const std::string answer = http_get(number_, path);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 ")) << answer;
    EXPECT_TRUE(contains(answer, "/one, /two")) << answer;
  }
}

TEST_F(Http, SurvivesAPageThatThrows) {
  EXPECT_TRUE(http_get(number_, "/bad").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(body_of(http_get(number_, "/one")), "first\n");
}

TEST_F(Http, DropsInvalidRequests) {
  EXPECT_EQ(http_request(number_, "\0\xff\r\n\r\n garbage"s), "");
  EXPECT_EQ(http_request(number_, "GET /one HTTP/1.1\r\nX: " +
                                      std::string(2 * kMaxRequestBytes, 'x') + "\r\n\r\n"),
            "");
  EXPECT_EQ(body_of(http_get(number_, "/one")), "first\n");
}

TEST_F(Http, AnswersManyAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 50; ++i) EXPECT_EQ(body_of(http_get(number_, "/one")), "first\n");
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Clients that never finish their request take nobody's place for long: the oldest are ended.
TEST_F(Http, AnswersWhileOthersNeverFinish) {
  std::vector<std::unique_ptr<LocalConnection>> idle;
  for (std::size_t i = 0; i < 10 * kMaxConnections; ++i) {
    idle.push_back(std::make_unique<LocalConnection>(number_));
    (void)idle.back()->send("GET /one HTTP/1.1\r\n");
  }
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(body_of(http_get(number_, "/one")), "first\n");
  EXPECT_LT(std::chrono::steady_clock::now() - before, kMaxRequestTime / 2);
  for (const auto& connection : idle) EXPECT_EQ(connection->receive_all(), "");
}

// A page in a browser reads this port under its own site's name, once that name has this machine's
// address.
TEST_F(Http, AnswersOnlyUnderNamesOfThisMachine) {
  const auto answer = [&](const std::string& host) {
    return http_request(number_, "GET /one HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  };
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:9100", "[::1]:9100", "localhost", "LocalHost:1"}) {
    EXPECT_EQ(body_of(answer(host)), "first\n") << host;
  }
  for (const char* host : {"attacker.example", "attacker.example:9100", "localhost.example", ""}) {
    const std::string refusal = answer(host);
    EXPECT_TRUE(refusal.starts_with("HTTP/1.1 421 ")) << refusal;
    EXPECT_TRUE(contains(body_of(refusal), "use its IP address, localhost, or ")) << refusal;
  }
  EXPECT_TRUE(answer("localhost\r\nHost: attacker.example").starts_with("HTTP/1.1 4"));
  EXPECT_EQ(body_of(http_request(number_, "GET /one HTTP/1.0\r\n\r\n")), "first\n");
  EXPECT_FALSE(contains(answer("localhost\r\nOrigin: http://attacker.example"), "Access-Control"));
}

TEST(HttpPort, EndsWithConnectionsOpen) {
  auto port = std::make_unique<HttpPort>(kAnyPort, Pages{});
  std::vector<std::unique_ptr<LocalConnection>> idle;
  for (std::size_t i = 0; i < kMaxConnections + 2; ++i) {
    idle.push_back(std::make_unique<LocalConnection>(port->address().port));
  }
  port.reset();
  for (const auto& connection : idle) EXPECT_EQ(connection->receive_all(), "");
}

TEST(HttpPort, NamesTheAddressThatIsInUse) {
  const HttpPort first(kAnyPort, {});
  const std::string message = testing::message_of<std::runtime_error>([&] {
    const HttpPort second({"127.0.0.1", first.address().port}, {});
  });
  EXPECT_TRUE(contains(message, "127.0.0.1:" + std::to_string(first.address().port))) << message;
  EXPECT_TRUE(contains(message, "choose another port")) << message;
}

}  // namespace
}  // namespace millrace::telemetry
