#include "tests/simulator/leases_run.h"

#include <algorithm>
#include <exception>
#include <vector>

#include "tests/simulator/producer_host.h"
#include "tests/simulator/trainer_host.h"

namespace millrace::simulator {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 50ms;  // as the real ends'
/// After that nothing goes wrong any more, so the run must end: ranges that were late may need two
/// minutes.
constexpr Duration kMostTroubleFor = 7s;
constexpr Duration kPatience = 200s;

NetworkFaults draw_faults(Random& random) {
  NetworkFaults faults;
  if (random.chance(0.5)) faults.loss = 0.1 * static_cast<double>(random.below(4)) / 3;
  if (random.chance(0.5)) faults.doubled = 0.05;
  if (random.chance(0.3)) faults.flipped = 0.02;
  faults.delay = random.chance(0.3) ? Duration(300ms) : Duration(5ms);
  return faults;
}

ProducerHabits draw_habits(Random& random) {
  ProducerHabits habits;
  habits.workers = static_cast<std::uint32_t>(1 + random.below(3));
  habits.least_work = random.between(0ms, 20ms);
  habits.most_work = habits.least_work + random.between(0ms, random.chance(0.15) ? 6s : 100ms);
  if (random.chance(0.1)) habits.failures = 0.02;
  habits.lies = random.chance(0.1);
  return habits;
}

class World {
 public:
  World(std::uint64_t seed, bool trace)
      : random_(seed),
        trace_(trace),
        network_(random_),
        trainer_(draw_plan(random_), random_, network_) {
    const std::uint64_t producers = 1 + random_.below(4);
    for (std::uint64_t i = 0; i < producers; ++i) {
      hosts_.emplace_back("p" + std::to_string(i), draw_habits(random_), random_, network_);
      if (random_.chance(0.8)) hosts_.back().start();
    }
    network_.set_faults(draw_faults(random_));
    trouble_every_ = random_.between(30ms, 1500ms);
    next_trouble_ = now_ + trouble_every_;
    trouble_ends_ = now_ + random_.between(1s, kMostTroubleFor);
  }

  Outcome run() {
    try {
      while (!trainer_.is_done()) {
        if (now_ > trouble_ends_ + kPatience) {
          return outcome_.ended("it hangs: " + trainer_.describe(), now_);
        }
        advance();
      }
    } catch (const std::exception& error) {
      return outcome_.ended(error.what(), now_);
    }
    return outcome_.ended(trainer_.difference(), now_);
  }

 private:
  void advance() {
    now_ = next_moment();
    while (const auto letter = network_.take(now_)) deliver(*letter);
    if (now_ >= next_trouble_) make_trouble();
    const bool tick = now_ >= next_tick_;
    if (tick) next_tick_ = now_ + kTick;
    if (tick || trainer_.has_mail()) trainer_.act(now_);
    for (ProducerHost& host : hosts_) {
      if (const auto finish = host.next_finish();
          tick || host.has_mail() || (finish && *finish <= now_)) {
        host.act(now_);
      }
    }
  }

  Time next_moment() const {
    Time next = std::min(next_tick_, next_trouble_);
    if (const auto due = network_.next_due()) next = std::min(next, *due);
    for (const ProducerHost& host : hosts_) {
      if (const auto finish = host.next_finish(); finish && *finish > now_) {
        next = std::min(next, *finish);
      }
    }
    return std::max(next, now_);
  }

  void deliver(const Letter& letter) {
    ++outcome_.letters;
    if (trainer_.receive(letter)) return;
    for (ProducerHost& host : hosts_) {
      if (host.receive(letter)) return;
    }
  }

  void make_trouble() {
    next_trouble_ = now_ + random_.between(1ms, 2 * trouble_every_);
    if (now_ >= trouble_ends_) return calm_down();
    if (!trainer_.is_running()) return resume();
    ProducerHost& host = hosts_[random_.below(hosts_.size())];
    switch (random_.below(8)) {
      case 0:
      case 1: return kill(host);
      case 2: return say("starts", host), host.start();
      case 3: return say("is stopped", host), host.stop_until(now_ + random_.between(10ms, 4s));
      case 4: return say("hangs", host), host.hang_until(now_ + random_.between(10ms, 9s));
      case 5:
        return say("is cut off", host),
               network_.cut_off(host.name(), now_ + random_.between(10ms, 4s));
      case 6: return kill_trainer();
      default: return trainer_.stop_until(now_ + random_.between(10ms, 3s));
    }
  }

  void kill(ProducerHost& host) {
    say("is killed", host);
    ++outcome_.kills;
    host.kill();
    if (random_.chance(0.6)) host.start();
  }

  void kill_trainer() {
    say("the trainer is killed");
    trainer_.kill();
  }

  void resume() {
    const std::uint64_t world = 1 + random_.below(3);
    say("the trainer starts with " + std::to_string(world) + " ranks");
    if (started_) ++outcome_.resumes;
    started_ = true;
    trainer_.start(static_cast<std::uint32_t>(world));
  }

  /// Everybody runs, and the network only delays messages.
  void calm_down() {
    network_.set_faults({.delay = 2ms});
    if (!trainer_.is_running()) resume();
    for (ProducerHost& host : hosts_) {
      host.behave();
      host.start();
    }
  }

  void say(const std::string& what) const {
    if (trace_) trace_line(now_, what);
  }
  void say(const std::string& what, const ProducerHost& host) const {
    say(host.name() + ' ' + what);
  }

  Random random_;
  bool trace_;
  Network network_;
  TrainerHost trainer_;
  std::vector<ProducerHost> hosts_;
  Time now_{};
  Time next_tick_{};
  Time next_trouble_{};
  Time trouble_ends_{};
  Duration trouble_every_{};
  bool started_ = false;
  Outcome outcome_;
};

}  // namespace

Outcome run_leases(std::uint64_t seed, bool trace) { return World(seed, trace).run(); }

}  // namespace millrace::simulator
