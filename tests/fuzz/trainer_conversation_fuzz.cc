// The trainer's book (queue/protocol/lease_book.h) in a conversation with peers that say whatever
// the input says, beside one honest producer. Whatever they do, nothing throws, every batch that
// the trainer gets is the function's, and the honest producer's work goes on to the end.
//
// A peer whose samples are wrong under right checksums is trusted to compute (audits are for that),
// so the peers' answers are right, or wrong in a way that can be seen.
#include <array>
#include <chrono>
#include <deque>
#include <exception>
#include <set>
#include <string>
#include <variant>

#include "proto/codec.h"
#include "proto/messages.h"
#include "queue/protocol/lease_book.h"
#include "queue/protocol/producer_session.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/harness.h"
#include "tests/fuzz/script.h"
#include "tests/support/sample_expectation.h"
#include "tests/support/sample_stream.h"

namespace millrace::fuzz {
namespace {

using namespace std::chrono_literals;
using queue::LeaseBook, queue::Sender, queue::Time;

constexpr std::size_t kPeers = 4;
constexpr std::uint32_t kRangeSamples = 16;
constexpr std::uint64_t kRanges = 12;
constexpr std::size_t kLeasesKept = 64;  // of a peer
constexpr auto kStep = 20ms;
constexpr int kMostSteps = 2000;  // of the script
/// The honest producer has all of this time, on its own, for what is left at the end.
constexpr auto kToTheEnd = 60s;

queue::LeaseRules rules() {
  queue::LeaseRules rules;
  rules.run_id = "0f1e2d3c4b5a6978";
  rules.secret = std::string(64, '5');
  rules.late_after = 200ms;
  return rules;
}

class Conversation {
 public:
  explicit Conversation(std::string_view input) : script_(input) {
    for (std::uint64_t i = 0; i < kRanges; ++i) {
      const proto::Range range{proto::Split::kTrain, i * kRangeSamples, kRangeSamples, {}};
      wanted_.insert(range.first);
      book_.request(range);
    }
    // The first stream that proves itself is the run's, so the honest producer comes first.
    for (int i = 0; i < 100 && !book_.accepted(); ++i) step();
  }

  void run() {
    while (!script_.done() && steps_ < kMostSteps) act();
    const bool go_on = script_.below(2) == 0;
    for (const Time end = now_ + kToTheEnd; !wanted_.empty() && now_ < end;) {
      if (go_on) ping_all();
      step();
    }
    require(wanted_.empty(), "an honest producer gets everything done, whoever else is there");
  }

 private:
  struct Peer {
    Sender sender;
    std::deque<proto::Lease> leases;
    std::uint64_t epoch = 0;
  };

  static std::array<Peer, kPeers> strangers() {
    std::array<Peer, kPeers> peers;
    for (std::size_t i = 0; i < kPeers; ++i) {
      // Two of them from one host, one with the trainer's own keys.
      peers[i].sender = {"peer" + std::to_string(i), "10.0.0." + std::to_string(2 + i / 2), false};
    }
    return peers;
  }

  void act() {
    Peer& peer = peers_[script_.below(kPeers)];
    switch (script_.below(12)) {
      case 0: return pass(script_.byte());
      case 1: return say(peer, hello());
      case 2: return answer(peer, true);
      case 3: return answer(peer, false);
      case 4: return say(peer, proto::Failed{taken(peer), script_.bytes()});
      case 5: return say(peer, ping(peer));
      case 6: return say(peer, proto::Bye{});
      case 7:
        return say(peer, proto::Register{script_.below(2) == 0 ? rules().run_id : script_.bytes(),
                                         script_.byte(), script_.bytes(), script_.bytes()});
      case 8: return say_frames(peer, script_.bytes());
      case 9: return book_.damaged(peer.sender.id, taken(peer));
      case 10: return book_.lost(peer.sender.id);
      default: return step();
    }
  }

  void pass(std::uint32_t steps) {
    for (std::uint32_t i = 0; i < steps; ++i) step();
  }

  proto::Hello hello() {
    proto::Hello said{testing::sample_meta(), script_.byte(), script_.bytes()};
    proto::StreamMeta& meta = said.meta;
    switch (script_.below(12)) {
      case 0: meta.vocab_size = static_cast<std::uint32_t>(script_.number()); break;
      case 1: meta.ignore_index = static_cast<std::int64_t>(script_.number()); break;
      case 2: meta.mask_token_id = script_.byte(); break;
      case 3: meta.vocabulary.push_back(script_.bytes()); break;
      case 4: meta.sizes[script_.below(3)] = script_.number(); break;
      case 5: meta.probe[script_.below(3)] = script_.bytes(); break;
      case 6: meta.fingerprint = script_.bytes(); break;
      case 7: meta.schema.fields.pop_back(); break;
      case 8: meta.train_stages.push_back(script_.bytes()); break;
      default: break;  // as it is
    }
    return said;
  }

  /// One of the peer's leases, or any number.
  std::uint64_t taken(Peer& peer) {
    const std::size_t at = script_.byte();
    if (at >= peer.leases.size()) return script_.number();
    const std::uint64_t number = peer.leases[at].number;
    peer.leases.erase(peer.leases.begin() + static_cast<std::ptrdiff_t>(at));
    return number;
  }

  void answer(Peer& peer, bool right) {
    if (peer.leases.empty()) return;
    const std::size_t at = script_.below(static_cast<std::uint32_t>(peer.leases.size()));
    const proto::Lease lease = peer.leases[at];
    peer.leases.erase(peer.leases.begin() + static_cast<std::ptrdiff_t>(at));
    proto::Filled filled{lease.number, testing::sample_meta().fingerprint,
                         testing::sample_batch(lease.range), script_.number()};
    if (!right) spoil(filled);
    say(peer, std::move(filled));
  }

  void spoil(proto::Filled& filled) {
    switch (script_.below(4)) {
      case 0: filled.fingerprint = script_.bytes(); break;
      case 1: filled.batch.range.first += 1 + script_.byte(); break;
      case 2: filled.batch.columns.pop_back(); break;
      default: std::swap(filled.batch.columns.front(), filled.batch.columns.back()); break;
    }
  }

  proto::Ping ping(Peer& peer) {
    proto::Ping said{script_.below(2) == 0 ? peer.epoch : script_.number(), {}, script_.number()};
    for (std::uint32_t i = script_.below(8); i > 0; --i) said.leases.push_back(script_.number());
    return said;
  }

  void ping_all() {
    for (Peer& peer : peers_) {
      proto::Ping said{peer.epoch, {}, proto::digest_of_ranks({})};
      for (const proto::Lease& lease : peer.leases) said.leases.push_back(lease.number);
      say(peer, std::move(said));
    }
  }

  void say(Peer& peer, proto::Message message) {
    book_.receive(peer.sender, std::move(message), now_);
  }

  void say_frames(Peer& peer, std::string_view frames) {
    proto::Decoded decoded = proto::decode(split_frames(frames));
    if (decoded.status == proto::DecodeStatus::kOk) return say(peer, std::move(decoded.message));
    if (decoded.lease != 0) book_.damaged(peer.sender.id, decoded.lease);
  }

  /// The honest producer and the book, for some milliseconds.
  void step() {
    ++steps_;
    now_ += kStep;
    honest_.tick(now_);
    for (proto::Message& message : honest_.take_outgoing()) {
      book_.receive(kHonest, std::move(message), now_);
    }
    book_.tick(now_);
    for (auto& [to, message] : book_.take_outgoing()) hear(to, std::move(message));
    for (const proto::Lease& lease : honest_.take_leases()) {
      if (!honest_.finish(lease.number, now_)) continue;
      book_.receive(kHonest,
                    proto::Filled{lease.number, testing::sample_meta().fingerprint,
                                  testing::sample_batch(lease.range)},
                    now_);
    }
    for (const LeaseBook::Arrival& arrival : book_.take_arrivals()) {
      require(testing::same_bytes(arrival.batch, testing::sample_batch(arrival.batch.range)),
              "what the trainer gets is the function's");
      require(wanted_.erase(arrival.batch.range.first) == 1, "and what it has asked for, once");
    }
    (void)book_.take_reports();
  }

  void hear(const queue::PeerId& to, proto::Message message) {
    if (to == kHonest.id) {
      require(!std::holds_alternative<proto::Refuse>(message), "an honest producer is not refused");
      return honest_.receive(std::move(message), now_);
    }
    for (Peer& peer : peers_) {
      if (peer.sender.id != to) continue;
      if (const auto* lease = std::get_if<proto::Lease>(&message)) {
        peer.leases.push_back(*lease);
        if (peer.leases.size() > kLeasesKept) peer.leases.pop_front();
      }
      if (const auto* welcome = std::get_if<proto::Welcome>(&message)) {
        require(welcome->ranks.empty(), "nobody without the secret becomes a rank");
        peer.epoch = welcome->epoch;
      }
      if (const auto* refuse = std::get_if<proto::Refuse>(&message)) {
        require(refuse->reason.find(rules().run_id) == std::string::npos &&
                    refuse->reason.find(rules().secret) == std::string::npos,
                "no stranger learns the run id or the secret");
      }
    }
  }

  static inline const Sender kHonest{"honest", "10.0.0.1", false};

  Script script_;
  int steps_ = 0;
  Time now_{1h};
  LeaseBook book_{queue::Admission(testing::sample_expectation()), rules()};
  queue::ProducerSession honest_{proto::Hello{testing::sample_meta(), 2, "honest"}};
  std::array<Peer, kPeers> peers_ = strangers();
  std::set<std::uint64_t> wanted_;  ///< first samples of ranges
};

}  // namespace

bool take_trainer_conversation(std::string_view input) {
  Conversation(input).run();
  return true;
}

}  // namespace millrace::fuzz
