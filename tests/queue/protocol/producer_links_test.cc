// A producer's conversations with several ranks: which it goes to, and what those can do to it.
#include "queue/protocol/producer_links.h"

#include <gtest/gtest.h>

#include "tests/support/messages.h"
#include "tests/support/sample_stream.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;
using Addresses = std::vector<std::string>;

class ProducerLinksTest : public ::testing::Test {
 protected:
  void welcome(const std::string& from, const Addresses& ranks = {}) {
    links_.receive(from, proto::Welcome{7, ranks}, now_);
    links_.tick(now_);
  }

  Time now_{};
  ProducerLinks links_{proto::Hello{testing::sample_meta(), 1}, "zero",
                       [](const std::string& address) {
                         return address.starts_with("far") ? "it is too far to " + address : "";
                       }};
};

TEST_F(ProducerLinksTest, GoesToTheRanksThatItMayAndSaysOnceWhichItDoesNot) {
  welcome("zero", {"near1", "far1", "near2"});
  EXPECT_EQ(links_.addresses(), (Addresses{"zero", "near1", "near2"}));
  EXPECT_EQ(links_.take_reports(), (Addresses{"it is too far to far1 (said once)"}));
  welcome("zero", {"near1", "far1"});
  EXPECT_EQ(links_.addresses(), (Addresses{"zero", "near1"}));
  EXPECT_TRUE(links_.take_reports().empty());
}

TEST_F(ProducerLinksTest, NamesTheDigestOfAllRanksThatItWasTold) {
  const Addresses ranks = {"near1", "far1"};
  welcome("zero", ranks);
  (void)links_.take_outgoing();
  links_.tick(now_ += 1s);
  for (const auto& [address, message] : links_.take_outgoing()) {
    if (const auto* ping = std::get_if<proto::Ping>(&message)) {
      EXPECT_EQ(ping->ranks_digest, proto::digest_of_ranks(ranks));
      return;
    }
  }
  ADD_FAILURE() << "no ping";
}

TEST_F(ProducerLinksTest, OnlyRankZeroCanRefuseItForGood) {
  welcome("zero", {"near1", "near2"});
  links_.receive("near1", proto::Refuse{"go away"}, now_);
  links_.tick(now_);
  EXPECT_EQ(links_.refusal(), std::nullopt);
  EXPECT_EQ(links_.addresses(), (Addresses{"zero", "near2"}));
  const auto reports = links_.take_reports();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_TRUE(testing::contains(reports[0], "the trainer at near1 refused this stream: go away"));
  links_.tick(now_ += 29s);
  EXPECT_EQ(links_.addresses().size(), 2U);
  links_.tick(now_ += 2s);
  EXPECT_EQ(links_.addresses().size(), 3U);  // tried again
  links_.receive("zero", proto::Refuse{"another text"}, now_);
  links_.tick(now_);
  EXPECT_EQ(links_.refusal(), "the trainer at zero refused this stream: another text");
}

TEST_F(ProducerLinksTest, ARankThatIsNotUnderstoodIsTriedAgainLater) {
  welcome("zero", {"near1"});
  links_.useless("near1", "near1 speaks another version", now_);
  EXPECT_EQ(links_.addresses(), (Addresses{"zero"}));
  EXPECT_EQ(links_.refusal(), std::nullopt);
  links_.useless("zero", "zero speaks another version", now_);
  EXPECT_EQ(links_.refusal(), "zero speaks another version");
}

}  // namespace
}  // namespace millrace::queue
