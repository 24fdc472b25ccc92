#include "queue/zmq_consumer_end.h"

#include <spdlog/spdlog.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "proto/digest.h"
#include "proto/files.h"
#include "queue/lease_book.h"
#include "queue/mailbox.h"
#include "queue/socket.h"

namespace millrace::queue {
namespace {

constexpr Milliseconds kTickEvery{50};

std::uint64_t random_epoch() { return std::stoull(proto::random_id(), nullptr, 16) | 1; }

class ZmqConsumerEnd final : public ConsumerEnd {
 public:
  ZmqConsumerEnd(const Uri& uri, const Expectation& expected, const Window& train_window, const Security& security)
      : uri_(uri),
        train_window_(train_window),
        book_(Admission(expected), rules()),
        socket_(Socket::bind_router(context_, uri.text, security)),
        thread_([this] { run(); }) {}

  ~ZmqConsumerEnd() override {
    stopping_ = true;
    bell_.ring();
    thread_.join();
  }

  std::optional<proto::StreamMeta> meet(Milliseconds timeout) override {
    std::unique_lock lock(mutex_);
    met_.wait_for(lock, timeout, [this] { return failure_ || book_.accepted(); });
    if (failure_) std::rethrow_exception(failure_);
    return book_.accepted();
  }

  std::uint32_t range_samples() const override {
    const std::lock_guard lock(mutex_);
    return leased_range_samples(book_.accepted()->schema, train_window_);
  }

  void want(const proto::Range& range) override {
    if (!asked_.insert(range).second) return;
    {
      const std::lock_guard lock(mutex_);
      book_.want(range);
    }
    bell_.ring();
  }

  std::optional<proto::Batch> take(Milliseconds timeout) override {
    auto batch = batches_.take(timeout);
    if (batch) {
      if (asked_.erase(batch->range) == 0) return std::nullopt;  // forgotten meanwhile
      return batch;
    }
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    return std::nullopt;
  }

  void release(proto::Split, std::uint64_t) override {}

  void follow(const proto::StageLog& log) override {
    std::erase_if(asked_, [&](const proto::Range& range) { return !proto::agrees(log, range); });
    const std::lock_guard lock(mutex_);
    book_.follow(log);
  }

  std::string state() const override {
    const std::lock_guard lock(mutex_);
    if (book_.producers() > 0) return {};
    const std::string who = "no producer at " + uri_.text;
    if (!book_.last_refusal().empty()) return who + " that matches (" + book_.last_refusal() + ")";
    return who + ": start `prepare` with the same recipe";
  }

 private:
  static LeaseRules rules() {
    LeaseRules rules;
    rules.epoch = random_epoch();
    return rules;
  }

  /// The thread: the only one that touches the socket.
  void run() {
    Socket* const sockets[] = {&socket_};
    try {
      while (!stopping_) {
        wait(sockets, bell_, kTickEvery);
        receive_all();
        act();
      }
      say_bye();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      met_.notify_all();
      batches_.close();
    }
  }

  void receive_all() {
    while (auto envelope = socket_.receive()) {
      proto::Decoded decoded = proto::decode(envelope->frames);
      if (decoded.status != proto::DecodeStatus::kOk) {
        report_damage(decoded.status);
        continue;
      }
      const std::lock_guard lock(mutex_);
      book_.receive(envelope->peer, std::move(decoded.message), std::chrono::steady_clock::now());
    }
  }

  /// Once per cause: a peer that sends rubbish must not fill the log.
  void report_damage(proto::DecodeStatus status) {
    if (reported_.insert(status).second) spdlog::warn("{}: dropped {}", uri_.text, proto::describe(status));
  }

  void act() {
    std::vector<LeaseBook::Outgoing> outgoing;
    std::vector<proto::Batch> batches;
    {
      const std::lock_guard lock(mutex_);
      book_.tick(std::chrono::steady_clock::now());
      outgoing = book_.take_outgoing();
      batches = book_.take_batches();
      if (book_.accepted()) met_.notify_all();
    }
    for (proto::Batch& batch : batches) batches_.put(std::move(batch));
    for (const auto& [to, message] : outgoing) {
      if (socket_.send({to, proto::encode(message)})) continue;
      const std::lock_guard lock(mutex_);
      book_.lost(to);
    }
  }

  void say_bye() {
    const std::lock_guard lock(mutex_);
    book_.end();
    for (const auto& [to, message] : book_.take_outgoing()) (void)socket_.send({to, proto::encode(message)});
  }

  Uri uri_;
  Window train_window_;
  std::set<proto::Range, Sooner> asked_;  ///< wanted and not taken yet; of the caller's thread
  mutable std::mutex mutex_;              // book_, failure_
  std::condition_variable met_;
  LeaseBook book_;
  std::exception_ptr failure_;
  Mailbox<proto::Batch> batches_;
  std::set<proto::DecodeStatus> reported_;
  std::atomic<bool> stopping_{false};
  Bell bell_;
  Context context_;
  Socket socket_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<ConsumerEnd> make_zmq_consumer_end(const Uri& uri, const Expectation& expected, const Window& train_window,
                                                   const Security& security) {
  return std::make_unique<ZmqConsumerEnd>(uri, expected, train_window, security);
}

}  // namespace millrace::queue
