// A producer's end of tcp:// and ipc:// (zmq_transport.h): a DEALER for each rank, and a thread
// that runs the conversations over them.

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "queue/ends/mailbox.h"
#include "queue/protocol/producer_links.h"
#include "queue/zmq/rank_address.h"
#include "queue/zmq/socket.h"
#include "queue/zmq/zmq_transport.h"

namespace millrace::queue {
namespace {

constexpr Milliseconds kTickEvery{50};
/// Messages of one rank that are read before those of the next one.
constexpr int kMostAtOnce = 1024;

struct Answer {
  std::string address;
  proto::Frames frames;
};

/// The name of this process in trainers' logs: HOST:PROCESS.
std::string own_name() {
  char host[65] = {};
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '?';
  return std::string(host) + ':' + std::to_string(::getpid());
}

class ZmqProducerEnd final : public ProducerEnd {
 public:
  ZmqProducerEnd(const Uri& uri, const proto::StreamMeta& meta, const ProducerPlan& plan)
      : uri_(uri),
        schema_(meta.schema),
        fingerprint_(meta.fingerprint),
        security_(plan.security),
        rank_hosts_(uri, plan.rank_hosts, plan.security.own.has_value()),
        links_({meta, plan.capacity, own_name()}, uri.text,
               [this](const std::string& address) { return rank_hosts_.error(address); }),
        thread_([this] { run(); }) {}

  ~ZmqProducerEnd() override {
    stopping_ = true;
    wake_up_.notify();
    thread_.join();
  }

  std::optional<LeasedRange> next(Milliseconds timeout) override {
    auto leased = leased_.take(timeout);
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    // The rank that leased it may have ended, or restarted, since.
    if (leased && links_.holds(*leased)) return leased;
    return std::nullopt;
  }

  void deliver(const LeasedRange& leased, const proto::Batch& batch) override {
    const auto to = finish(leased);
    if (!to) return;  // the trainer that leased it is gone
    // encode() computes the checksums: here, in the worker's thread, not in the one that all share.
    const auto held_us = static_cast<std::uint64_t>(to->held.count());
    answer(to->address,
           proto::encode(proto::Filled{leased.lease, fingerprint_, batch, held_us}, schema_));
  }

  void fail(const LeasedRange& leased, const std::string& reason) override {
    spdlog::error("cannot compute {} samples [{}, {}): {}", proto::to_string(leased.range.split),
                  leased.range.first, leased.range.end(), reason);
    if (const auto to = finish(leased)) {
      answer(to->address, proto::encode(proto::Failed{leased.lease, reason}));
    }
  }

  bool complete() const override { return false; }

  std::string state() const override {
    const std::lock_guard lock(mutex_);
    if (!links_.welcomed()) {
      return "waiting for a trainer at " + uri_.text +
             (connection_error_.empty() ? "" : " (" + connection_error_ + ")");
    }
    const std::size_t open = links_.open_leases();
    return open == 0 ? "the trainer has all it wants for now"
                     : std::to_string(open) + " leases open";
  }

 private:
  std::optional<ProducerLinks::Destination> finish(const LeasedRange& leased) {
    const std::lock_guard lock(mutex_);
    return links_.finish(leased, std::chrono::steady_clock::now());
  }

  void answer(const std::string& address, proto::Frames frames) {
    answers_.put({address, std::move(frames)});
    wake_up_.notify();
  }

  /// The thread's work; no other thread touches the sockets.
  void run() {
    try {
      connect_links();
      while (!stopping_) {
        wait_for_messages();
        for (auto& [address, socket] : sockets_) receive_all(address, socket);
        tick();
        connect_links();
      }
      send_answers();
      for (auto& [address, socket] : sockets_) (void)socket.send({{}, proto::encode(proto::Bye{})});
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      leased_.close();
    }
  }

  /// Opens and closes sockets until there is one for exactly the ranks that this producer talks to.
  void connect_links() {
    std::vector<std::string> addresses;
    {
      const std::lock_guard lock(mutex_);
      addresses = links_.addresses();
    }
    std::erase_if(sockets_, [&](const auto& entry) {
      return std::ranges::find(addresses, entry.first) == addresses.end();
    });
    for (const std::string& address : addresses) {
      if (sockets_.contains(address)) continue;
      connect(address);
    }
  }

  /// What is wrong with the address of rank 0, which the user gave, ends the thread; that of
  /// another rank is told once and tried again later.
  void connect(const std::string& address) {
    try {
      sockets_.emplace(address, Socket::connect_dealer(context_, address, security_, routing_id_));
    } catch (const std::exception& error) {
      if (address == uri_.text) throw;
      useless(address,
              std::string("cannot connect to the rank at ") + address + ": " + error.what());
    }
  }

  void useless(const std::string& address, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    links_.useless(address, reason, std::chrono::steady_clock::now());
  }

  void wait_for_messages() {
    std::vector<Socket*> sockets;
    for (auto& [address, socket] : sockets_) sockets.push_back(&socket);
    wait(sockets, kTickEvery, &wake_up_);
  }

  void receive_all(const std::string& address, Socket& socket) {
    for (int i = 0; i < kMostAtOnce; ++i) {
      const auto envelope = socket.receive();
      if (!envelope) return;
      proto::Decoded decoded = proto::decode(envelope->frames);
      if (decoded.status == proto::DecodeStatus::kVersion) {
        return useless(address, "the trainer at " + address +
                                    " speaks another protocol version than this build (" +
                                    std::to_string(proto::kProtocolVersion) +
                                    "): use the same version of Millrace on both sides");
      }
      if (decoded.status != proto::DecodeStatus::kOk) {
        report_damage(address, decoded.status);
        continue;
      }
      const std::lock_guard lock(mutex_);
      if (address == uri_.text && std::holds_alternative<proto::Welcome>(decoded.message) &&
          !envelope->origin.empty()) {  // before the ranks that it names are looked at
        rank_hosts_.add_own_address(envelope->origin);
      }
      links_.receive(address, std::move(decoded.message), std::chrono::steady_clock::now());
    }
  }

  /// Logs once per cause: a peer that sends rubbish must not fill the log.
  void report_damage(const std::string& address, proto::DecodeStatus status) {
    if (reported_.insert(status).second) {
      spdlog::warn("{}: dropped {}", address, proto::describe(status));
    }
  }

  void tick() {
    std::vector<ProducerLinks::Outgoing> outgoing;
    std::vector<std::string> reports;
    {
      const std::lock_guard lock(mutex_);
      connection_error_ = sockets_.at(uri_.text).connection_error();
      links_.tick(std::chrono::steady_clock::now());
      for (const LeasedRange& leased : links_.take_leased()) leased_.put(leased);
      outgoing = links_.take_outgoing();
      reports = links_.take_reports();
      if (const auto refusal = links_.refusal()) throw std::runtime_error(*refusal);
    }
    for (const std::string& report : reports) spdlog::warn(report);
    for (const auto& [address, message] : outgoing) send(address, proto::encode(message));
    send_answers();
  }

  void send_answers() {
    while (auto answer = answers_.take(Milliseconds(0))) {
      send(answer->address, std::move(answer->frames));
    }
  }

  void send(const std::string& address, proto::Frames frames) {
    const auto socket = sockets_.find(address);
    if (socket != sockets_.end() && socket->second.send({{}, std::move(frames)})) return;
    const std::lock_guard lock(mutex_);
    links_.unreachable(address);
  }

  const Uri uri_;
  const proto::Schema schema_;
  const std::string fingerprint_;
  const Security security_;
  const std::string routing_id_ = random_routing_id();
  mutable std::mutex mutex_;  // rank_hosts_, links_, failure_, connection_error_
  RankHosts rank_hosts_;
  ProducerLinks links_;
  std::exception_ptr failure_;
  std::string connection_error_;  ///< of the connection to rank 0
  Mailbox<LeasedRange> leased_;
  Mailbox<Answer> answers_;
  std::set<proto::DecodeStatus> reported_;
  std::atomic<bool> stopping_{false};
  EventFd wake_up_;
  Context context_;
  std::map<std::string, Socket> sockets_;  ///< by address; the thread's own
  std::thread thread_;                     // last: it uses all of the above
};

}  // namespace

std::unique_ptr<ProducerEnd> make_zmq_producer_end(const Uri& uri, const proto::StreamMeta& meta,
                                                   const ProducerPlan& plan) {
  return std::make_unique<ZmqProducerEnd>(uri, meta, plan);
}

}  // namespace millrace::queue
