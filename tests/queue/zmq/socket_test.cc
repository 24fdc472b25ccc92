// ZeroMQ sockets: several that share a context, and which peers a router admits, with keys and
// without.
#include "queue/zmq/socket.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <stdexcept>

#include "queue/zmq/keys.h"
#include "tests/support/captured_log.h"
#include "tests/support/key_pairs.h"
#include "tests/support/messages.h"
#include "tests/support/raw_peer.h"
#include "tests/support/temporary_folder.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;
using testing::contains;
using testing::message_of;

constexpr auto kLongEnough = 20s;
constexpr const char* kAnyPort = "tcp://127.0.0.1:*";

proto::SharedBytes frame(const std::string& text) {
  auto owner = std::make_shared<std::string>(text);
  return {owner, std::as_bytes(std::span(*owner))};
}

std::string text(const proto::SharedBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size()};
}

/// A router, and dealers that send it their name again and again; all in this thread.
class Meeting : public ::testing::Test {
 protected:
  void listen(const std::string& address, const Security& security) {
    router_.emplace(Socket::bind_router(trainer_, address, security));
  }
  Socket& dealer(const std::string& name, const Security& security) {
    names_.push_back(name);
    return dealers_.emplace_back(Socket::connect_dealer(producers_, router_->bound_address(),
                                                        security, random_routing_id()));
  }
  [[nodiscard]] bool meet_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
    std::vector<Socket*> all = {&*router_};
    for (Socket& each : dealers_) all.push_back(&each);
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      for (std::size_t i = 0; i < dealers_.size(); ++i) {
        (void)dealers_[i].send({{}, {frame(names_[i])}});
      }
      wait(all, 20ms);
      while (const auto envelope = router_->receive()) {
        const std::string name = text(envelope->frames.at(0));
        ++heard_[name];
        origins_[name] = {envelope->origin, envelope->own_key};
        if (name == trusted_) router_->trust(*envelope);
      }
    }
    return done();
  }
  [[nodiscard]] bool meet_until_heard(const std::string& name) {
    return meet_until([&] { return heard_[name] > 0; });
  }

  testing::CapturedLog log_;
  Context trainer_;
  Context producers_;
  std::optional<Socket> router_;
  std::deque<Socket> dealers_;
  std::vector<std::string> names_;
  std::map<std::string, int> heard_;
  std::map<std::string, std::pair<std::string, bool>> origins_;  ///< origin, own_key
  std::string trusted_;
};

TEST_F(Meeting, ARouterOnAnyPortKnowsItsPort) {
  listen(kAnyPort, {});
  EXPECT_TRUE(router_->bound_address().starts_with("tcp://127.0.0.1:"));
  EXPECT_EQ(router_->bound_address().find('*'), std::string::npos);
  (void)dealer("plain", {});
  EXPECT_TRUE(meet_until_heard("plain"));
}

TEST_F(Meeting, LinksOfOneEndHaveOneId) {
  listen(kAnyPort, {});
  Socket second = Socket::bind_router(trainer_, kAnyPort, {});
  const std::string id = random_routing_id();
  Socket to_first = Socket::connect_dealer(producers_, router_->bound_address(), {}, id);
  Socket to_second = Socket::connect_dealer(producers_, second.bound_address(), {}, id);
  Socket* const all[] = {&*router_, &second, &to_first, &to_second};
  std::set<const Socket*> heard;
  const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
  while (heard.size() < 2 && std::chrono::steady_clock::now() < deadline) {
    for (Socket* each : {&to_first, &to_second}) (void)each->send({{}, {frame("hello")}});
    wait(all, 20ms);
    for (Socket* each : {&*router_, &second}) {
      while (const auto envelope = each->receive()) {
        EXPECT_EQ(envelope->peer, id);
        heard.insert(each);
      }
    }
  }
  EXPECT_EQ(heard.size(), 2U);
}

TEST_F(Meeting, ANotifiedEventFdEndsAWait) {
  listen(kAnyPort, {});
  const EventFd wake_up;
  wake_up.notify();
  Socket* const all[] = {&*router_};
  wait(all, std::chrono::hours(1), &wake_up);
}

TEST_F(Meeting, SendingToNobodyIsFalse) {
  listen(kAnyPort, {});
  EXPECT_FALSE(router_->send({random_routing_id(), {frame("hello")}}));
  Socket nobody = Socket::connect_dealer(producers_, "tcp://127.0.0.1:1", {}, random_routing_id());
  EXPECT_FALSE(nobody.send({{}, {frame("hello")}}));
}

TEST_F(Meeting, RightKeysAreAdmitted) {
  const auto [trainer, producer] = testing::new_keyed_sides();
  const testing::TemporaryFolder folder;
  for (const std::string& address :
       {std::string(kAnyPort), "ipc://" + (folder / "race.sock").string()}) {
    Context context;
    router_.emplace(Socket::bind_router(context, address, trainer));
    (void)dealer("good " + address, producer);
    EXPECT_TRUE(meet_until_heard("good " + address)) << address;
    EXPECT_TRUE(meet_until([&] { return router_->counters().established == 1; }));
    dealers_.clear();
    names_.clear();
    router_.reset();
  }
  EXPECT_EQ(log_.text(), "");
}

TEST_F(Meeting, ARankIsAdmittedByItsOwnPair) {
  const auto [trainer, producer] = testing::new_keyed_sides();
  listen(kAnyPort, trainer);
  (void)dealer("rank 1", {.own = trainer.own, .server_key = trainer.own->public_key});
  EXPECT_TRUE(meet_until_heard("rank 1"));
}

TEST_F(Meeting, WithKeysASenderIsItsKey) {
  const auto [trainer, producer] = testing::new_keyed_sides();
  listen(kAnyPort, trainer);
  (void)dealer("rank 1", {.own = trainer.own, .server_key = trainer.own->public_key});
  (void)dealer("producer", producer);
  EXPECT_TRUE(meet_until([&] { return heard_.size() == 2; }));
  EXPECT_EQ(origins_["rank 1"], std::pair(key_fingerprint(trainer.own->public_key), true));
  EXPECT_EQ(origins_["producer"], std::pair(key_fingerprint(producer.own->public_key), false));
}

TEST_F(Meeting, WithoutKeysASenderIsItsHostOrItsUser) {
  listen(kAnyPort, {});
  (void)dealer("tcp", {});
  EXPECT_TRUE(meet_until_heard("tcp"));
  EXPECT_EQ(origins_["tcp"], std::pair(std::string("127.0.0.1"), false));
  dealers_.clear();
  names_.clear();
  const testing::TemporaryFolder folder;
  listen("ipc://" + (folder / "race.sock").string(), {});
  (void)dealer("ipc", {});
  EXPECT_TRUE(meet_until_heard("ipc"));
  EXPECT_EQ(origins_["ipc"], std::pair("user " + std::to_string(::getuid()), false));
}

struct BadSide {
  std::string name;
  Security router;
  Security bad;
  Security good;
  std::uint64_t SocketCounters::*counter;
  std::string router_says;
  std::string dealer_says;
};

std::vector<BadSide> bad_sides() {
  const auto [trainer, producer] = testing::new_keyed_sides();
  Security wrong_server = producer;
  wrong_server.server_key = testing::new_key_pair().public_key;
  Security unlisted = producer;
  unlisted.own = testing::new_key_pair();
  return {
      {"NoKeys",
       trainer,
       {},
       producer,
       &SocketCounters::other_kind,
       "one of the two sides has keys",
       "queue.key_file"},
      {"KeysOnAPlainPort",
       {},
       producer,
       {},
       &SocketCounters::other_kind,
       "one of the two sides has keys",
       "queue.key_file"},
      {"WrongServerKey", trainer, wrong_server, producer, &SocketCounters::wrong_key,
       "its queue.server_key is not", "queue.server_key"},
      {"NotOnTheList", trainer, unlisted, producer, &SocketCounters::not_allowed,
       "is not allowed; if it is yours", "does not allow this key"},
  };
}

/// 300 connections that say nothing, or nothing after a handshake: of one address 256 may be
/// strangers'.
TEST_F(Meeting, AFloodEndsItsOwnOldestConnections) {
  for (const bool with_keys : {false, true}) {
    const testing::CapturedLog log;
    const auto sides = with_keys ? testing::new_keyed_sides() : testing::KeyedSides{};
    Context context;
    router_.emplace(Socket::bind_router(context, kAnyPort, sides.trainer));
    trusted_ = "producer";
    (void)dealer("producer", sides.producer);
    EXPECT_TRUE(meet_until_heard("producer"));
    std::vector<std::unique_ptr<testing::RawPeer>> silent;
    for (int i = 0; i < 300; ++i) {
      silent.push_back(std::make_unique<testing::RawPeer>(router_->bound_address()));
      if (!with_keys && i % 2 == 1) silent.back()->shake_hands();
    }
    EXPECT_TRUE(silent.front()->is_closed_by_the_other_side());
    (void)dealer("late", sides.producer);
    EXPECT_TRUE(meet_until_heard("late"));
    EXPECT_TRUE(meet_until([&] { return router_->counters().over_limit == 45; }));
    EXPECT_EQ(router_->counters().lost, 0U);
    EXPECT_EQ(log.count("127.0.0.1 has more than 256 connections that are no producer's"), 1)
        << log.text();
    dealers_.clear();
    names_.clear();
    EXPECT_TRUE(meet_until([&] { return router_->counters().lost == 1; }));
    heard_.clear();
    router_.reset();
  }
}

TEST_F(Meeting, WrongKeysAreRefusedAndHarmNobody) {
  for (const BadSide& side : bad_sides()) {
    SCOPED_TRACE(side.name);
    const testing::CapturedLog log;
    Context context;
    router_.emplace(Socket::bind_router(context, kAnyPort, side.router));
    const Socket& bad = dealer("bad", side.bad);
    // Twice: it tries again by itself, and is named once.
    EXPECT_TRUE(meet_until([&] {
      return router_->counters().*side.counter > 1 &&
             contains(bad.connection_error(), side.dealer_says);
    })) << bad.connection_error();
    (void)dealer("good", side.good);
    EXPECT_TRUE(meet_until_heard("good"));
    EXPECT_EQ(heard_["bad"], 0);
    dealers_.clear();
    names_.clear();
    heard_.clear();
    router_.reset();
    EXPECT_EQ(log.count(side.router_says), 1) << log.text();
  }
}

TEST_F(Meeting, KeysAreNotInTheLog) {
  for (const BadSide& side : bad_sides()) {
    Context context;
    router_.emplace(Socket::bind_router(context, kAnyPort, side.router));
    (void)dealer("bad", side.bad);
    EXPECT_TRUE(meet_until([&] { return router_->counters().*side.counter > 0; }));
    dealers_.clear();
    names_.clear();
    router_.reset();
    for (const Security* each : {&side.router, &side.bad, &side.good}) {
      if (!each->own) continue;
      EXPECT_EQ(log_.count(each->own->public_key), 0);
      EXPECT_EQ(log_.count(each->own->secret_key), 0);
    }
  }
}

TEST_F(Meeting, ARefusedProducerConnectsOnceTheTrainerAllowsIt) {
  const auto [trainer, producer] = testing::new_keyed_sides();
  std::string address;
  {
    Context context;
    Security stranger = trainer;
    stranger.allowed = {testing::new_key_pair().public_key};
    router_.emplace(Socket::bind_router(context, kAnyPort, stranger));
    address = router_->bound_address();
    const Socket& late = dealer("late", producer);
    EXPECT_TRUE(meet_until([&] { return !late.connection_error().empty(); }));
    router_.reset();
  }
  listen(address, trainer);
  EXPECT_TRUE(meet_until_heard("late"));
  EXPECT_EQ(dealers_.front().connection_error(), "");
}

TEST_F(Meeting, OthersThanLoopbackNeedKeysOrInsecure) {
  for (const char* address : {"tcp://*:*", "tcp://0.0.0.0:*", "tcp://[::]:*", "tcp://lo:*",
                              "tcp://127.0.0.1.example:*"}) {
    EXPECT_TRUE(
        contains(message_of<std::invalid_argument>([&] { listen(address, {}); }), "queue.insecure"))
        << address;
  }
  listen("tcp://0.0.0.0:*", {.insecure = true});
  listen("tcp://0.0.0.0:*", testing::new_keyed_sides().trainer);
}

TEST_F(Meeting, TheLoopbackOfIpv6Works) {
  try {
    listen("tcp://[::1]:*", {});
  } catch (const std::runtime_error& error) {
    GTEST_SKIP() << "no IPv6 here: " << error.what();
  }
  (void)dealer("six", {});
  EXPECT_TRUE(meet_until_heard("six"));
}

}  // namespace
}  // namespace millrace::queue
