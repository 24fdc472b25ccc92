#include "queue/zmq/zmq_consumer_end.h"

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
#include "queue/protocol/lease_book.h"
#include "queue/protocol/registration.h"
#include "queue/zmq/rank_address.h"
#include "queue/zmq/socket.h"
#include "telemetry/stream_metrics.h"

namespace millrace::queue {
namespace {

constexpr Milliseconds kTickEvery{50};
/// Messages that are taken in before the book acts again: a peer that floods must not keep it from
/// that.
constexpr int kMostAtOnce = 1024;
/// ZeroMQ may tell that a connection ended before it knows that its peer cannot be reached.
constexpr Milliseconds kGreetFor{200};

std::uint64_t random_epoch() { return std::stoull(proto::random_id(), nullptr, 16) | 1; }

LeaseRules rules_of(const ZmqRun& run) {
  LeaseRules rules;
  rules.epoch = random_epoch();
  rules.run_id = run.run_id;
  rules.late_after = run.late_after;
  rules.audit = run.audit;
  return rules;
}

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

/// The keys of a rank that talks to rank 0, which has the same pair.
Security as_client(const Security& security) {
  Security client = security;
  if (client.own) client.server_key = client.own->public_key;
  return client;
}

/// A rank's line to rank 0.
struct LineToRankZero {
  Registration registration;
  Socket socket;
};

/// What becomes of connections: each cell and the count that it shows.
using ConnectionCells = std::vector<
    std::pair<std::reference_wrapper<telemetry::Counter>, std::uint64_t SocketCounters::*>>;

ConnectionCells connection_cells(const telemetry::QueueMetrics& metrics) {
  using C = SocketCounters;
  return {{metrics.connections("accepted"), &C::accepted},
          {metrics.connections("established"), &C::established},
          {metrics.connections("closed"), &C::closed},
          {metrics.connections("unfinished"), &C::unfinished},
          {metrics.connections("malformed"), &C::malformed},
          {metrics.connections("other_kind"), &C::other_kind},
          {metrics.connections("wrong_key"), &C::wrong_key},
          {metrics.connections("not_allowed"), &C::not_allowed}};
}

class ZmqConsumerEnd final : public ConsumerEnd {
 public:
  ZmqConsumerEnd(const Uri& uri, const Expectation& expected, const ZmqRun& run)
      : uri_(uri),
        train_window_(run.train_window),
        metrics_(run.registry),
        connections_(connection_cells(metrics_)),
        book_(Admission(expected), rules_of(run)),
        socket_(bind_first(
            context_,
            run.rank == 0 ? std::vector{uri.text} : addresses_to_bind(uri, run.advertise, run.rank),
            run.security)) {
    if (run.rank > 0) register_with_rank_zero(run);
  }

  ~ZmqConsumerEnd() override {
    try {
      say_bye();
    } catch (const std::exception& error) {
      spdlog::debug("{}: no goodbye: {}", uri_.text, error.what());
    }
  }

  std::optional<proto::StreamMeta> wait_for_stream(Milliseconds timeout) override {
    work_until(timeout, [this] { return book_.accepted().has_value(); });
    return book_.accepted();
  }

  std::uint32_t range_samples() const override {
    return leased_range_samples(book_.accepted()->schema, train_window_);
  }

  void request(const proto::Range& range) override {
    if (!asked_.insert(range).second) return;
    const std::lock_guard lock(mutex_);
    book_.request(range);
    act_at_once_ = act_at_once_ || book_.has_room();
  }

  std::optional<proto::Batch> receive(Milliseconds timeout) override {
    work_until(timeout, [this] { return !arrivals_.empty(); });
    if (arrivals_.empty()) return std::nullopt;
    LeaseBook::Arrival arrival = std::move(arrivals_.front());
    arrivals_.pop_front();
    if (asked_.erase(arrival.batch.range) == 0) return std::nullopt;  // forgotten meanwhile
    link_seconds_ = arrival.link_seconds;
    return std::move(arrival.batch);
  }

  double link_seconds() const override { return link_seconds_; }

  void release(proto::Split, std::uint64_t) override {}

  void set_stage_log(const proto::StageLog& log) override {
    std::erase_if(asked_, [&](const proto::Range& range) { return !proto::agrees(log, range); });
    const std::lock_guard lock(mutex_);
    book_.set_stage_log(log);
  }

  WaitState state() const override {
    const std::lock_guard lock(mutex_);
    if (book_.producers() > 0)
      return {telemetry::WaitCause::kProvider, book_.describe_next_wanted()};
    return {telemetry::WaitCause::kNoProducer, why_nobody_is_there()};
  }

 private:
  void register_with_rank_zero(const ZmqRun& run) {
    const std::string told = address_to_tell(uri_, run.advertise, socket_.bound_address());
    line_.emplace(LineToRankZero{
        Registration({run.run_id, run.rank, told}),
        Socket::connect_dealer(context_, uri_.text, as_client(run.security), random_routing_id())});
    sockets_.push_back(&line_->socket);
  }

  std::string why_nobody_is_there() const {
    if (line_ && !line_->registration.known(std::chrono::steady_clock::now())) {
      return "no answer from rank 0 at " + uri_.text;
    }
    const std::string who = "no producer at " + uri_.text;
    if (!book_.last_refusal().empty()) return who + " that matches (" + book_.last_refusal() + ")";
    return who + ": start `prepare` with the same recipe";
  }

  /// Everything happens in here, in the thread that waits for a batch: one that moved batches over
  /// to it would have to wake it for each.
  template <class Done>
  void work_until(Milliseconds timeout, const Done& done) {
    const Time deadline = std::chrono::steady_clock::now() + timeout;
    while (!done()) {
      const auto left =
          std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
      wait(sockets_, std::exchange(act_at_once_, false)
                         ? Milliseconds(0)
                         : std::clamp(left, Milliseconds(0), kTickEvery));
      receive();
      keep_registered();
      act();
      if (left <= Milliseconds(0)) return;
    }
  }

  /// What is there, up to a batch: its producer is given another lease before the next message is
  /// looked at.
  void receive() {
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
      book_.receive(envelope->peer, std::move(decoded.message), std::chrono::steady_clock::now());
    }
  }

  void drop(const PeerId& from, const proto::Decoded& decoded) {
    metrics_.damaged(proto::describe(decoded.status)).add();
    // Once per cause: a peer that sends rubbish must not fill the log.
    if (reported_.insert(decoded.status).second) {
      spdlog::warn("{}: dropped {}", uri_.text, proto::describe(decoded.status));
    }
    if (decoded.status == proto::DecodeStatus::kVersion) {
      // Any message of ours tells it; this one says it in words to whom it can.
      (void)socket_.send(
          {from, proto::encode(proto::Refuse{"this trainer speaks protocol version " +
                                             std::to_string(proto::kProtocolVersion)})});
    }
    if (decoded.lease == 0) return;
    const std::lock_guard lock(mutex_);
    book_.damaged(from, decoded.lease);
  }

  void keep_registered() {
    if (!line_) return;
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    while (auto envelope = line_->socket.receive()) {
      const proto::Decoded decoded = proto::decode(envelope->frames);
      if (decoded.status == proto::DecodeStatus::kOk) {
        line_->registration.receive(decoded.message, now);
      }
    }
    if (const auto message = line_->registration.tick(now)) {
      (void)line_->socket.send({{}, proto::encode(*message)});
    }
  }

  void act() {
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
      count();
    }
    std::ranges::move(arrivals, std::back_inserter(arrivals_));
    for (const std::string& report : reports) spdlog::warn("{}: {}", uri_.text, report);
    for (const auto& [to, message] : outgoing) {
      if (socket_.send({to, proto::encode(message)})) continue;
      const std::lock_guard lock(mutex_);
      book_.lost(to);
      act_at_once_ = true;  // others get its ranges
    }
  }

  /// A router learns that a peer has left when it sends to it. So after the end of a connection
  /// everybody is sent something, and a producer that was killed is missed at once, not after its
  /// silence.
  void find_lost_producers(Time now) {
    const std::uint64_t closed = socket_.counters().closed;
    if (std::exchange(closed_, closed) != closed) greet_until_ = now + kGreetFor;
    if (now >= greet_until_ || now - greeted_ < kTickEvery) return;
    greeted_ = now;
    book_.greet();
  }

  void count() {
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
    count_connections();
  }

  void count_connections() {
    for (const auto& [cell, count] : connections_) {
      cell.get().raise_to(static_cast<double>(socket_.counters().*count));
    }
  }

  void say_bye() {
    const std::lock_guard lock(mutex_);
    book_.end();
    for (const auto& [to, message] : book_.take_outgoing()) {
      (void)socket_.send({to, proto::encode(message)});
    }
  }

  Uri uri_;
  Window train_window_;
  telemetry::QueueMetrics metrics_;
  const ConnectionCells connections_;
  std::set<proto::Range, Sooner> asked_;     ///< wanted and not taken yet
  std::deque<LeaseBook::Arrival> arrivals_;  ///< not taken yet
  double link_seconds_ = 0.0;                ///< of the arrival that was taken last
  /// The book has something to do that no message will call for.
  bool act_at_once_ = false;
  std::set<proto::DecodeStatus> reported_;
  std::uint64_t closed_ = 0;  ///< connections that ended, as far as they were heeded
  Time greeted_{};
  Time greet_until_{};
  mutable std::mutex mutex_;  ///< book_, line_'s registration: what state() looks at
  LeaseBook book_;
  Context context_;
  Socket socket_;
  std::optional<LineToRankZero> line_;  ///< of every rank but 0
  std::vector<Socket*> sockets_{&socket_};
};

}  // namespace

std::unique_ptr<ConsumerEnd> make_zmq_consumer_end(const Uri& uri, const Expectation& expected,
                                                   const ZmqRun& run) {
  return std::make_unique<ZmqConsumerEnd>(uri, expected, run);
}

}  // namespace millrace::queue
