// A host on which `prepare` runs, dies, is stopped, hangs and starts again.
//
// It runs the real ProducerLinks; what a worker thread does is a finish time here.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "queue/protocol/producer_links.h"
#include "tests/simulator/network.h"
#include "tests/simulator/random.h"

namespace millrace::simulator {

struct ProducerHabits {
  std::uint32_t workers = 1;
  Duration least_work{};  ///< for a range
  Duration most_work{};
  double failures = 0.0;  ///< share of ranges that it says it cannot compute
  bool lies = false;      ///< answers what it was not asked, with wrong bytes, and sends rubbish
};

class ProducerHost {
 public:
  ProducerHost(std::string name, const ProducerHabits& habits, Random& random, Network& network);

  [[nodiscard]] const std::string& name() const { return name_; }
  void start();
  /// kill −9
  void kill() { links_.reset(); }
  /// SIGSTOP: what arrives waits in the socket until then.
  void stop_until(Time until) { stopped_until_ = until; }
  /// The workers stand still in the range at hand, while the socket answers.
  void hang_until(Time until) { hung_until_ = until; }
  /// From now on it is honest, and as fast as it ever was.
  void behave() {
    habits_.failures = 0.0, habits_.lies = false, habits_.most_work = habits_.least_work;
  }

  /// Whether the letter was for a process that runs.
  bool receive(const Letter& letter);
  [[nodiscard]] bool has_mail() const { return !inbox_.empty(); }
  void act(Time now);
  /// When a worker is done, if that is sooner than the next tick of everything.
  [[nodiscard]] std::optional<Time> next_finish() const;

 private:
  struct Job {
    queue::LeasedRange order;
    Time done_at;
  };

  [[nodiscard]] std::string address() const { return name_ + '/' + std::to_string(life_); }
  [[nodiscard]] bool is_up(Time now) const { return links_ && now >= stopped_until_; }
  void take_in(const Letter& letter, Time now);
  void begin_jobs(Time now);
  void finish_jobs(Time now);
  void answer(const queue::LeasedRange& order, Time now);
  void lie(const queue::LeasedRange& order, Time now);
  void send(const std::string& to, proto::Frames frames, Time now) {
    network_.send({address(), to, std::move(frames)}, now);
  }

  std::string name_;
  ProducerHabits habits_;
  Random& random_;
  Network& network_;
  std::uint64_t life_ = 0;
  std::optional<queue::ProducerLinks> links_;  ///< while the process runs
  std::deque<queue::LeasedRange> orders_;
  std::vector<Job> jobs_;
  std::vector<Letter> inbox_;
  Time stopped_until_{};
  Time hung_until_{};
};

}  // namespace millrace::simulator
