// The producer's book (queue/protocol/producer_links.h) in a conversation with a trainer whose
// ranks say whatever the input says. Whatever they do, nothing throws, the producer goes only where
// it may, and it is given no more work, and no other work, than its stream and the protocol have.
#include <algorithm>
#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "proto/codec.h"
#include "proto/messages.h"
#include "queue/protocol/producer_links.h"
#include "queue/transports.h"
#include "queue/zmq/rank_address.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/harness.h"
#include "tests/fuzz/script.h"
#include "tests/support/sample_stream.h"

namespace millrace::fuzz {
namespace {

using namespace std::chrono_literals;
using queue::Time;

constexpr const char* kRankZero = "tcp://10.0.0.1:5555";
constexpr std::size_t kWorkKept = 64;

class Conversation {
 public:
  explicit Conversation(std::string_view input) : script_(input) {}

  void run() {
    while (!script_.done()) {
      act();
      look();
    }
  }

 private:
  void act() {
    switch (script_.below(10)) {
      case 0: now_ += std::chrono::milliseconds(10 * script_.byte()); break;
      case 1: say(welcome()); break;
      case 2: say(lease()); break;
      case 3: say(proto::Refuse{script_.bytes()}); break;
      case 4: say(proto::SayHello{script_.number()}); break;
      case 5: say(proto::Bye{}); break;
      case 6: say_frames(script_.bytes()); break;
      case 7: links_.unreachable(somebody()); break;
      case 8: links_.useless(somebody(), script_.bytes(), now_); break;
      default: finish(); break;
    }
    links_.tick(now_);
  }

  proto::Welcome welcome() {
    proto::Welcome said{script_.number(), {}};
    for (std::uint32_t i = script_.below(6); i > 0; --i) {
      switch (script_.below(4)) {
        case 0: said.ranks.push_back("tcp://10.0.0.1:" + std::to_string(script_.byte())); break;
        case 1: said.ranks.push_back("tcp://10.9.0.1:" + std::to_string(script_.byte())); break;
        case 2: said.ranks.emplace_back(kRankZero); break;
        default: said.ranks.push_back(script_.bytes()); break;
      }
    }
    return said;
  }

  proto::Lease lease() {
    proto::Lease said{script_.number(), {}};
    said.range.split = proto::kSplits[script_.below(3)];
    said.range.first = script_.below(2) == 0 ? script_.byte() : script_.number();
    // A header without samples is not decoded.
    said.range.count = script_.below(2) == 0 ? 1U + script_.byte()
                                             : static_cast<std::uint32_t>(script_.number()) | 1U;
    if (script_.below(4) == 0) said.range.stage = script_.byte();
    return said;
  }

  std::string somebody() {
    const std::vector<std::string> all = links_.addresses();
    return all[script_.below(static_cast<std::uint32_t>(all.size()))];
  }

  void say(proto::Message message) { links_.receive(somebody(), std::move(message), now_); }

  void say_frames(std::string_view frames) {
    proto::Decoded decoded = proto::decode(split_frames(frames));
    if (decoded.status == proto::DecodeStatus::kOk) say(std::move(decoded.message));
  }

  void finish() {
    if (work_.empty()) return;
    (void)links_.finish(work_.front(), now_);
    work_.pop_front();
  }

  void look() {
    const proto::StreamMeta meta = testing::sample_meta();
    for (const queue::LeasedRange& leased : links_.take_leased()) {
      const proto::Range& range = leased.range;
      require(range.count > 0 && range.end() > range.first && range.end() <= meta.size(range.split),
              "only samples of the stream are asked for");
      require(range.count * meta.schema.bytes_per_sample() <= proto::kMaxLeaseBytes,
              "and no more of them than the protocol allows");
      work_.push_back(leased);
      if (work_.size() > kWorkKept) work_.pop_front();
    }
    const std::vector<std::string> addresses = links_.addresses();
    require(addresses.size() <= proto::kMaxRanks + 1, "a run has a stated number of ranks");
    require(links_.open_leases() <= addresses.size() * proto::kMaxHeldLeases,
            "each holds a stated number of leases");
    for (const std::string& address : addresses) {
      require(address == kRankZero || hosts_.error(address).empty(),
              "the producer goes only where it may");
    }
    for (const auto& [address, message] : links_.take_outgoing()) {
      require(std::ranges::find(addresses, address) != addresses.end(),
              "and talks only to ranks that it goes to");
    }
    (void)links_.take_reports();
  }

  Script script_;
  Time now_{1h};
  queue::RankHosts hosts_{queue::parse_uri(kRankZero), "", false};
  queue::ProducerLinks links_{proto::Hello{testing::sample_meta(), 2, "honest"}, kRankZero,
                              [this](const std::string& address) { return hosts_.error(address); }};
  std::deque<queue::LeasedRange> work_;
};

}  // namespace

bool take_producer_conversation(std::string_view input) {
  Conversation(input).run();
  return true;
}

}  // namespace millrace::fuzz
