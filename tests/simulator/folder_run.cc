#include "tests/simulator/folder_run.h"

#include <exception>
#include <memory>
#include <stdexcept>
#include <vector>

#include "proto/digest.h"
#include "proto/files.h"
#include "tests/simulator/folder_processes.h"
#include "tests/support/fake_disk.h"

namespace millrace::simulator {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 20ms;
constexpr Duration kMostTroubleFor = 6s;
/// A dead producer's claim is taken over within 10 s, and a dead run's window is filled for 30 s.
constexpr Duration kPatience = 120s;
constexpr std::uint64_t kMuchRoom = std::uint64_t{1} << 32;

/// Few samples, since each is large.
TrainerPlan draw_small_plan(Random& random, bool names_stages) {
  TrainerPlan plan = draw_plan(random);
  plan.stage_seed = names_stages ? std::optional(random.next()) : std::nullopt;
  plan.batch_size = static_cast<std::uint32_t>(1 + random.below(3));
  plan.micro_batches = static_cast<std::uint32_t>(1 + random.below(2));
  plan.window_samples = 8 + random.below(24);
  plan.steps = 8 + random.below(16);
  plan.eval_samples = 1 + random.below(12);
  return plan;
}

/// A training run: what outlives its processes.
struct Run {
  Run(const TrainerPlan& plan, std::string name)
      : run_id(std::move(name)),
        training(large_samples(), plan, [this](const Saved& saved) { save(saved); }) {}

  void save(const Saved& saved) {
    process->save(saved);
    committed = saved.step;
  }

  std::string run_id;
  Training training;
  std::unique_ptr<FolderTrainer> process;
  std::uint64_t committed = 0;
};

class World {
 public:
  World(std::uint64_t seed, bool trace)
      : random_(seed), trace_(trace), producers_(1 + random_.below(3)) {
    const std::uint64_t runs = random_.chance(0.2) ? 2 : 1;
    const bool names_stages = random_.chance(0.5);
    for (std::uint64_t i = 0; i < runs; ++i) {
      runs_.push_back(
          std::make_unique<Run>(draw_small_plan(random_, names_stages), proto::hex16(i + 1)));
    }
    work_ = random_.between(0ms, 200ms);
    trouble_every_ = random_.between(20ms, 1s);
    next_trouble_ = now_ + trouble_every_;
    trouble_ends_ = now_ + random_.between(500ms, kMostTroubleFor);
    disk_.set_room(kMuchRoom);
  }

  Outcome run() {
    try {
      while (!is_done()) {
        if (now_ > trouble_ends_ + kPatience) {
          return outcome_.ended("it hangs: " + describe(), now_);
        }
        advance();
      }
    } catch (const std::exception& error) {
      return outcome_.ended(error.what(), now_);
    }
    for (const auto& run : runs_) {
      if (const std::string difference = run->training.difference(); !difference.empty()) {
        return outcome_.ended(difference, now_);
      }
    }
    return outcome_.ended({}, now_);
  }

 private:
  [[nodiscard]] bool is_done() const {
    return std::ranges::all_of(runs_, [](const auto& run) { return run->training.is_done(); });
  }

  void advance() {
    now_ += kTick;
    if (now_ >= next_trouble_) guard([this] { make_trouble(); }, [] {});
    for (std::size_t i = 0; i < producers_.size(); ++i) {
      guard(
          [&] {
            if (producers_[i]) producers_[i]->act(now_);
          },
          [&] { kill(producers_[i]); });
    }
    for (const auto& run : runs_) {
      guard(
          [&] {
            if (run->process) run->process->act(now_);
          },
          [&] { end(*run); });
    }
  }

  /// Runs a process; if it dies or ends with an error, calls `bury`.
  template <class Act, class Bury>
  void guard(Act act, Bury bury) {
    try {
      act();
    } catch (const Killed&) {
      bury();
    } catch (const testing::PowerCut&) {
      power_is_back();
    } catch (const proto::DiskError& error) {
      say(error.what());
      bury();
    }
  }

  /// All processes are gone, and the disk holds what a power cut leaves.
  void power_is_back() {
    say("the power went");
    for (auto& producer : producers_) kill(producer);
    for (const auto& run : runs_) kill(run->process);
    disk_.lose_power(random_.next());
    disk_.restart();
  }

  template <class Process>
  static void kill(std::unique_ptr<Process>& process) {
    if (process) process->disk().bury();
    process.reset();
  }
  void end(Run& run) { kill(run.process); }

  void make_trouble() {
    next_trouble_ = now_ + random_.between(1ms, 2 * trouble_every_);
    if (now_ >= trouble_ends_) return calm_down();
    switch (random_.below(11)) {
      case 0:
      case 1: return start_producer(random_.below(producers_.size()));
      case 2:
        return kill_somewhere(producers_[random_.below(producers_.size())], "a producer is killed");
      case 3:
      case 4: return start(*runs_[random_.below(runs_.size())]);
      case 5:
      case 6:
        return kill_somewhere(runs_[random_.below(runs_.size())]->process, "a trainer is killed");
      case 7: return disk_.crash_after(random_.below(40));
      case 8: return damage_a_file();
      case 9: return change_room();
      default: return clear_queue();
    }
  }

  void start_producer(std::size_t i) {
    if (producers_[i]) return;
    guard(
        [&] {
          producers_[i] =
              std::make_unique<FolderProducer>(disk_, clock(), work_, runs_[0]->training.plan());
        },
        [] {});
  }

  void start(Run& run) {
    if (run.process || run.training.is_done()) return;
    const std::uint32_t world = static_cast<std::uint32_t>(1 + random_.below(3));
    say("a trainer starts with " + std::to_string(world) + " ranks");
    guard(
        [&] {
          run.process =
              std::make_unique<FolderTrainer>(disk_, clock(), world, run.run_id, run.training);
        },
        [] {});
    if (run.training.at().step < run.committed) {
      throw std::logic_error("the checkpoint of step " + std::to_string(run.committed) +
                             " was saved and is lost: the run resumes at " +
                             std::to_string(run.training.at().step));
    }
    ++outcome_.resumes;
  }

  /// Kills a process at once, or in the middle of its next operations.
  template <class Process>
  void kill_somewhere(std::unique_ptr<Process>& process, const char* what) {
    if (!process) return;
    say(what);
    ++outcome_.kills;
    if (random_.chance(0.3)) return kill(process);
    process->disk().kill_after(random_.below(20));
  }

  void damage_a_file() {
    const std::filesystem::path folder =
        std::filesystem::path(kQueue) / large_samples().meta.fingerprint / "train";
    const auto names = disk_.list(folder);
    if (names.empty()) return;
    const auto path = folder / names[random_.below(names.size())];
    const auto entry = disk_.stat(path);
    if (!entry || entry->size_bytes == 0) return;
    say("a bit of " + path.string() + " flips");
    disk_.flip_bit(path, random_.below(entry->size_bytes * 8));
  }

  void change_room() {
    const bool full = random_.chance(0.5);
    say(full ? "the disk is full" : "the disk has room");
    disk_.set_room(full ? disk_.used_bytes() + random_.below(std::uint64_t{3} << 20) : kMuchRoom);
  }

  void clear_queue() {
    if (random_.chance(0.6)) return;
    say("somebody clears the queue");
    guard([&] { proto::try_remove_all(kQueue, disk_); }, [] {});
  }

  void calm_down() {
    disk_.set_room(kMuchRoom);
    for (std::size_t i = 0; i < producers_.size(); ++i) start_producer(i);
    for (const auto& run : runs_) start(*run);
  }

  queue::Clock clock() {
    return [this] { return now_; };
  }

  [[nodiscard]] std::string describe() const {
    std::string text;
    for (const auto& run : runs_) {
      text += run->process ? run->process->describe() + ". " : run->run_id + " is not running. ";
    }
    return text;
  }

  void say(const std::string& what) const {
    if (trace_) trace_line(now_, what);
  }

  Random random_;
  bool trace_;
  testing::FakeDisk disk_;
  Time now_{};
  Time next_trouble_{};
  Time trouble_ends_{};
  Duration trouble_every_{};
  Duration work_{};
  std::vector<std::unique_ptr<FolderProducer>> producers_;
  std::vector<std::unique_ptr<Run>> runs_;
  Outcome outcome_;
};

}  // namespace

Outcome run_folder(std::uint64_t seed, bool trace) { return World(seed, trace).run(); }

}  // namespace millrace::simulator
