// The trainer's end of tcp:// and ipc:// (zmq_transport.h): a ROUTER, and the lease book over it.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include "proto/files.h"
#include "queue/ends/secret.h"
#include "queue/protocol/lease_book.h"
#include "queue/protocol/registration.h"
#include "queue/zmq/rank_address.h"
#include "queue/zmq/socket.h"
#include "queue/zmq/zmq_transport.h"
#include "telemetry/stream_metrics.h"

namespace millrace::queue {
namespace {

constexpr Milliseconds kTickEvery{50};
/// Messages that are read before the book's next tick: a peer that floods must not delay it.
constexpr int kMostAtOnce = 1024;
/// How long producers are checked after a connection ended: ZeroMQ may report the end before it
/// knows that the peer cannot be reached.
constexpr Milliseconds kCheckProducersFor{200};

std::uint64_t random_epoch() { return std::stoull(proto::random_id(), nullptr, 16) | 1; }

LeaseRules rules_of(const Uri& uri, const ConsumerPlan& plan) {
  LeaseRules rules;
  rules.epoch = random_epoch();
  rules.run_id = plan.run_id;
  rules.secret = plan.rank_secret;
  rules.ranks_have_own_key = plan.security.own.has_value();
  rules.rank_address_error = [uri](const std::string& address) {
    return rank_address_error(uri, address);
  };
  rules.late_after = plan.late_after;
  rules.audit = plan.audit;
  rules.audit_key = random_secret();
  rules.trainer_names_stages = !plan.stage_log.empty();
  return rules;
}

std::vector<std::string> addresses_of(const Uri& uri, const ConsumerPlan& plan) {
  if (plan.rank == 0) return {uri.text};
  return addresses_to_bind(uri, plan.advertise, plan.rank);
}

/// A router at the first of the addresses that can be bound.
Socket bind_first(Context& context, const std::vector<std::string>& addresses,
                  const Security& security) {
  for (std::size_t i = 0;; ++i) {
    try {
      return Socket::bind_router(context, addresses[i], security);
    } catch (const std::runtime_error&) {
      if (i + 1 == addresses.size()) throw;
    }
  }
}

/// The keys for a rank's connection to rank 0, which has the same key pair.
Security as_client(const Security& security) {
  Security client = security;
  if (client.own) client.server_key = client.own->public_key;
  return client;
}

/// The connection of another rank to rank 0.
struct RankZeroLink {
  Registration registration;
  Socket socket;
  std::string error{};  ///< why there is no connection
};

/// The metrics of connections, each with the count that it exports.
using ConnectionMetrics = std::vector<
    std::pair<std::reference_wrapper<telemetry::Counter>, std::uint64_t SocketCounters::*>>;

ConnectionMetrics connection_metrics(const telemetry::QueueMetrics& metrics) {
  using C = SocketCounters;
  return {{metrics.connections("accepted"), &C::accepted},
          {metrics.connections("established"), &C::established},
          {metrics.connections("closed"), &C::closed},
          {metrics.connections("unfinished"), &C::unfinished},
          {metrics.connections("malformed"), &C::malformed},
          {metrics.connections("other_kind"), &C::other_kind},
          {metrics.connections("wrong_key"), &C::wrong_key},
          {metrics.connections("not_allowed"), &C::not_allowed},
          {metrics.connections("over_limit"), &C::over_limit}};
}

class ZmqConsumerEnd final : public ConsumerEnd {
 public:
  ZmqConsumerEnd(const Uri& uri, const Expectation& expected, const ConsumerPlan& plan)
      : uri_(uri),
        train_window_(plan.train_window),
        metrics_(*plan.registry),
        connections_(connection_metrics(metrics_)),
        book_(Admission(expected), rules_of(uri, plan)),
        socket_(bind_first(context_, addresses_of(uri, plan), plan.security)) {
    if (plan.rank > 0) register_with_rank_zero(plan);
  }

  ~ZmqConsumerEnd() override {
    try {
      send_bye();
    } catch (const std::exception& error) {
      spdlog::debug("{}: no goodbye: {}", uri_.text, error.what());
    }
  }

  std::optional<proto::StreamMeta> wait_for_stream(Milliseconds timeout) override {
    poll_until(timeout, [this] { return book_.accepted().has_value(); });
    return book_.accepted();
  }

  std::uint32_t range_samples() const override {
    return leased_range_samples(book_.accepted()->schema, train_window_);
  }

  void request(const proto::Range& range) override {
    if (!requested_.insert(range).second) return;
    const std::lock_guard lock(mutex_);
    book_.request(range);
    tick_at_once_ = tick_at_once_ || book_.has_room();
  }

  std::optional<proto::Batch> receive(Milliseconds timeout) override {
    poll_until(timeout, [this] { return !arrivals_.empty(); });
    if (arrivals_.empty()) return std::nullopt;
    LeaseBook::Arrival arrival = std::move(arrivals_.front());
    arrivals_.pop_front();
    if (requested_.erase(arrival.batch.range) == 0) return std::nullopt;  // cancelled
    link_seconds_ = arrival.link_seconds;
    return std::move(arrival.batch);
  }

  double link_seconds() const override { return link_seconds_; }

  void release(proto::Split, std::uint64_t) override {}

  void set_stage_log(const proto::StageLog& log) override {
    std::erase_if(requested_,
                  [&](const proto::Range& range) { return !proto::agrees(log, range); });
    const std::lock_guard lock(mutex_);
    book_.set_stage_log(log);
  }

  WaitState state() const override {
    const std::lock_guard lock(mutex_);
    if (book_.producers() == 0) return {telemetry::WaitCause::kNoProducer, why_no_producer()};
    return {telemetry::WaitCause::kProvider, book_.describe_next_wanted()};
  }

 private:
  void register_with_rank_zero(const ConsumerPlan& plan) {
    if (plan.rank >= proto::kMaxRanks) {
      throw std::invalid_argument("a run over " + uri_.transport->prefix() + " has at most " +
                                  std::to_string(proto::kMaxRanks) + " ranks, and this is rank " +
                                  std::to_string(plan.rank));
    }
    const std::string own = address_to_advertise(uri_, plan.advertise, socket_.bound_address());
    rank_zero_.emplace(
        RankZeroLink{Registration({plan.run_id, plan.rank, own, plan.rank_secret}),
                     Socket::connect_dealer(context_, uri_.text, as_client(plan.security),
                                            random_routing_id())});
    sockets_.push_back(&rank_zero_->socket);
  }

  std::string why_no_producer() const {
    if (rank_zero_ && !rank_zero_->registration.known(std::chrono::steady_clock::now())) {
      return "no answer from rank 0 at " + uri_.text +
             (rank_zero_->error.empty() ? "" : " (" + rank_zero_->error + ")");
    }
    const std::string who = "no producer at " + uri_.text;
    if (!book_.last_refusal().empty()) return who + " that matches (" + book_.last_refusal() + ")";
    return who + ": start `prepare` with the same recipe";
  }

  /// Runs sockets and book until `done` or the timeout, in the thread that waits for a batch: a
  /// thread of its own would have to wake that one for each batch.
  template <class Done>
  void poll_until(Milliseconds timeout, const Done& done) {
    const Time deadline = std::chrono::steady_clock::now() + timeout;
    while (!done()) {
      const auto left =
          std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
      wait(sockets_, std::exchange(tick_at_once_, false)
                         ? Milliseconds(0)
                         : std::clamp(left, Milliseconds(0), kTickEvery));
      read_messages();
      update_registration();
      tick();
      if (left <= Milliseconds(0)) return;
    }
  }

  /// Reads messages up to a batch: its producer gets another lease before the next message is read.
  void read_messages() {
    bool batch = false;
    for (int i = 0; i < kMostAtOnce && !batch; ++i) {
      const auto envelope = socket_.receive();
      if (!envelope) return;
      proto::Decoded decoded = proto::decode(envelope->frames);
      if (decoded.status != proto::DecodeStatus::kOk) {
        drop(envelope->peer, decoded);
        continue;
      }
      batch = std::holds_alternative<proto::Filled>(decoded.message);
      const std::lock_guard lock(mutex_);
      book_.receive({envelope->peer, envelope->origin, envelope->own_key},
                    std::move(decoded.message), std::chrono::steady_clock::now());
      if (book_.knows(envelope->peer)) socket_.trust(*envelope);
    }
  }

  void drop(const PeerId& from, const proto::Decoded& decoded) {
    metrics_.damaged(proto::describe(decoded.status)).add();
    // Logged once per cause: a peer that sends rubbish must not fill the log.
    if (reported_.insert(decoded.status).second) {
      spdlog::warn("{}: dropped {}", uri_.text, proto::describe(decoded.status));
    }
    if (decoded.status == proto::DecodeStatus::kVersion) {
      // The peer sees our version in any message; this one says it in words.
      (void)socket_.send(
          {from, proto::encode(proto::Refuse{"this trainer speaks protocol version " +
                                             std::to_string(proto::kProtocolVersion)})});
    }
    if (decoded.lease == 0) return;
    const std::lock_guard lock(mutex_);
    book_.damaged(from, decoded.lease);
  }

  void update_registration() {
    if (!rank_zero_) return;
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    rank_zero_->error = rank_zero_->socket.connection_error();
    while (auto envelope = rank_zero_->socket.receive()) {
      const proto::Decoded decoded = proto::decode(envelope->frames);
      if (decoded.status == proto::DecodeStatus::kOk) {
        rank_zero_->registration.receive(decoded.message, now);
      }
    }
    if (const auto message = rank_zero_->registration.tick(now)) {
      (void)rank_zero_->socket.send({{}, proto::encode(*message)});
    }
  }

  void tick() {
    std::vector<LeaseBook::Outgoing> outgoing;
    std::vector<LeaseBook::Arrival> arrivals;
    std::vector<std::string> reports;
    {
      const std::lock_guard lock(mutex_);
      const auto now = std::chrono::steady_clock::now();
      find_lost_producers(now);
      book_.tick(now);
      outgoing = book_.take_outgoing();
      arrivals = book_.take_arrivals();
      reports = book_.take_reports();
      update_metrics();
    }
    std::ranges::move(arrivals, std::back_inserter(arrivals_));
    for (const std::string& report : reports) spdlog::warn("{}: {}", uri_.text, report);
    for (const auto& [to, message] : outgoing) {
      if (socket_.send({to, proto::encode(message)})) continue;
      const std::lock_guard lock(mutex_);
      book_.lost(to);
      tick_at_once_ = true;  // others get its ranges
    }
  }

  /// A router learns that a peer has left when it sends to it. So after a producer's connection
  /// ended, every producer is sent a message, and one that was killed is found at once, not by its
  /// silence.
  void find_lost_producers(Time now) {
    const std::uint64_t lost = socket_.counters().lost;
    if (std::exchange(lost_, lost) != lost) check_until_ = now + kCheckProducersFor;
    if (now >= check_until_ || now - checked_at_ < kTickEvery) return;
    checked_at_ = now;
    book_.welcome_all();
  }

  void update_metrics() {
    const LeaseCounters& counters = book_.counters();
    metrics_.producers.set(static_cast<double>(book_.producers()));
    metrics_.leases_open.set(static_cast<double>(book_.open_leases()));
    metrics_.leases.raise_to(static_cast<double>(counters.leases));
    metrics_.leases_late.raise_to(static_cast<double>(counters.late));
    metrics_.leases_gone.raise_to(static_cast<double>(counters.gone));
    metrics_.leases_failed.raise_to(static_cast<double>(counters.failed));
    metrics_.duplicates.raise_to(static_cast<double>(counters.duplicates));
    metrics_.unasked.raise_to(static_cast<double>(counters.unasked));
    metrics_.foreign.raise_to(static_cast<double>(counters.foreign));
    metrics_.refused.raise_to(static_cast<double>(counters.refused));
    metrics_.audited.raise_to(static_cast<double>(counters.audited));
    metrics_.disagreed.raise_to(static_cast<double>(counters.disagreed));
    for (const auto& [metric, count] : connections_) {
      metric.get().raise_to(static_cast<double>(socket_.counters().*count));
    }
  }

  void send_bye() {
    const std::lock_guard lock(mutex_);
    book_.end();
    for (const auto& [to, message] : book_.take_outgoing()) {
      (void)socket_.send({to, proto::encode(message)});
    }
  }

  Uri uri_;
  Window train_window_;
  telemetry::QueueMetrics metrics_;
  const ConnectionMetrics connections_;
  std::set<proto::Range, Sooner> requested_;  ///< and not received yet
  std::deque<LeaseBook::Arrival> arrivals_;   ///< not handed out yet
  double link_seconds_ = 0.0;                 ///< of the arrival that was handed out last
  /// The book has work that no message will trigger.
  bool tick_at_once_ = false;
  std::set<proto::DecodeStatus> reported_;
  std::uint64_t lost_ = 0;  ///< ended connections of producers that were acted on
  Time checked_at_{};       ///< when every producer was sent a message last
  Time check_until_{};
  mutable std::mutex mutex_;  ///< what state() reads: book_, rank_zero_'s registration and error
  LeaseBook book_;
  Context context_;
  Socket socket_;
  std::optional<RankZeroLink> rank_zero_;  ///< of every rank but 0
  std::vector<Socket*> sockets_{&socket_};
};

}  // namespace

std::unique_ptr<ConsumerEnd> make_zmq_consumer_end(const Uri& uri, const Expectation& expected,
                                                   const ConsumerPlan& plan) {
  return std::make_unique<ZmqConsumerEnd>(uri, expected, plan);
}

}  // namespace millrace::queue
