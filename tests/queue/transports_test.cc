// The registry of transports: reading queue.uri, settings that a transport cannot have, and the
// page that says how to add one.
#include "queue/transports.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/queue/memory_transport.h"
#include "tests/support/messages.h"
#include "tests/support/quotes.h"

namespace millrace::queue {
namespace {

using testing::contains;
using testing::message_of;

TEST(Uri, NamesItsTransport) {
  EXPECT_EQ(parse_uri("inproc://").transport->scheme, "inproc");
  EXPECT_EQ(parse_uri("file://queue/a b").rest, "queue/a b");
  EXPECT_EQ(parse_uri("file:///abs").rest, "/abs");
  EXPECT_EQ(parse_uri("tcp://127.0.0.1:5555").transport->scheme, "tcp");
  EXPECT_EQ(parse_uri("tcp://127.0.0.1:5555").text, "tcp://127.0.0.1:5555");
  EXPECT_EQ(parse_uri("ipc://race.sock").rest, "race.sock");
}

TEST(Uri, IsRefusedWithTheReasonAndTheForms) {
  const auto error_of = [](const std::string& text) {
    return message_of<std::invalid_argument>([&] { (void)parse_uri(text); });
  };
  EXPECT_EQ(error_of("http://a:1"),
            "queue.uri 'http://a:1' has no known transport; it is one of inproc://, file://FOLDER, "
            "tcp://HOST:PORT, ipc://PATH");
  for (const char* text : {"", "queue/x"}) {
    EXPECT_TRUE(contains(error_of(text), "has no known transport")) << text;
  }
  for (const char* text : {"file://", "ipc://", "tcp://"}) {
    EXPECT_TRUE(contains(error_of(text), "names no place")) << text;
  }
  for (const char* text : {"tcp://host", "tcp://:5"}) {
    EXPECT_TRUE(contains(error_of(text), "has no HOST:PORT")) << text;
  }
  for (const char* text : {"tcp://host:", "tcp://host:0", "tcp://host:65536", "tcp://host:5x"}) {
    EXPECT_TRUE(contains(error_of(text), "has no port from 1 to 65535")) << text;
  }
}

TEST(Transports, InprocIsNotOpenedHere) {
  EXPECT_TRUE(contains(message_of<std::invalid_argument>(
                           [] { (void)open_producer_end(parse_uri("inproc://"), {}, {}); }),
                       "queue.uri inproc:// has its producer inside train: start train alone, or "
                       "choose a file:// or tcp:// or ipc:// uri"));
  EXPECT_TRUE(contains(message_of<std::invalid_argument>(
                           [] { (void)open_consumer_end(parse_uri("inproc://"), {}, {}); }),
                       "inproc:// has no consumer's end of its own"));
}

TEST(Transports, AnAuditIsRefusedWhereNobodyKnowsWhoComputedARange) {
  const auto error_of = [](const Uri& uri) {
    return message_of<std::invalid_argument>(
        [&] { (void)open_consumer_end(uri, {}, {.run_id = "run", .audit = 0.5}); });
  };
  EXPECT_EQ(error_of(parse_uri("file://queue")),
            "queue.audit compares what producers answer, and over file:// a chunk in the folder "
            "does not tell who wrote it: leave it at 0, or use tcp:// or ipc://");
  const Transport memory = memory_transport();
  EXPECT_TRUE(contains(error_of({&memory, "memory://here", "here"}),
                       "and over memory:// nothing tells who computed a range: leave it at 0"));
}

TEST(Docs, AddATransportQuotesTheCode) {
  testing::expect_true_quotes("how-to/add_a_transport.md", 3);
}

}  // namespace
}  // namespace millrace::queue
