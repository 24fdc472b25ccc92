// A host on which `prepare` runs, dies, is stopped, hangs and restarts.
//
// It runs the real ProducerLinks; the work of a worker thread is only a finish time.
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
  double failures = 0.0;  ///< share of ranges that it reports it cannot compute
  bool lies = false;      ///< sends wrong answers and rubbish beside the right ones
};

class ProducerHost {
 public:
  ProducerHost(std::string name, const ProducerHabits& habits, Random& random, Network& network);

  [[nodiscard]] const std::string& name() const { return name_; }
  void start();
  /// kill −9
  void kill() { links_.reset(); }
  /// SIGSTOP until then; what arrives meanwhile waits in the socket.
  void stop_until(Time until) { stopped_until_ = until; }
  /// The workers hang in their current range until then; the socket thread still answers.
  void hang_until(Time until) { hung_until_ = until; }
  /// From now on it fails and lies no more, and works as fast as it can.
  void behave() {
    habits_.failures = 0.0, habits_.lies = false, habits_.most_work = habits_.least_work;
  }

  /// Whether the message was for a process of this host that runs.
  bool receive(const Letter& letter);
  [[nodiscard]] bool has_mail() const { return !inbox_.empty(); }
  void act(Time now);
  /// When the next worker finishes, if one works.
  [[nodiscard]] std::optional<Time> next_finish() const;

 private:
  struct Job {
    queue::LeasedRange leased;
    Time done_at;
  };

  [[nodiscard]] std::string address() const { return name_ + '/' + std::to_string(life_); }
  [[nodiscard]] bool is_up(Time now) const { return links_ && now >= stopped_until_; }
  void take_in(const Letter& letter, Time now);
  void begin_jobs(Time now);
  void finish_jobs(Time now);
  void answer(const queue::LeasedRange& leased, Time now);
  void lie(const queue::LeasedRange& leased, Time now);
  void send(const std::string& to, proto::Frames frames, Time now) {
    network_.send({address(), to, std::move(frames)}, now);
  }

  std::string name_;
  ProducerHabits habits_;
  Random& random_;
  Network& network_;
  std::uint64_t life_ = 0;
  std::optional<queue::ProducerLinks> links_;  ///< while the process runs
  std::deque<queue::LeasedRange> leased_;
  std::vector<Job> jobs_;
  std::vector<Letter> inbox_;
  Time stopped_until_{};
  Time hung_until_{};
};

}  // namespace millrace::simulator
