// The hosts on which a trainer of several ranks runs, dies and resumes from its checkpoint.
//
// Every rank runs the real LeaseBook, Supply and Registration; a step is a comparison with the function here. What the steps used
// is recorded and, when the run resumes, cut back to the checkpoint, as `train --record-stream` does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consumer/supply.h"
#include "proto/stage_log.h"
#include "queue/lease_book.h"
#include "queue/registration.h"
#include "tests/simulator/network.h"
#include "tests/simulator/random.h"

namespace millrace::simulator {

inline const std::string kRankZero = "rank0/uri";

struct TrainerPlan {
  std::uint32_t batch_size = 2;
  std::uint32_t micro_batches = 2;  ///< of a step
  std::uint32_t range_samples = 8;
  std::uint64_t window_samples = 64;
  std::uint64_t steps = 40;
  std::uint64_t eval_interval = 10;
  std::uint64_t eval_samples = 12;
  std::uint64_t checkpoint_interval = 5;
  Duration step_time{};
  /// The trainer names the stages: a new one after every evaluation, or not; decided by this and the step.
  std::optional<std::uint64_t> stage_seed;
};

/// A train sample that a completed step used.
struct Used {
  std::uint64_t step;
  std::uint64_t index;
  std::optional<std::uint8_t> stage;
  bool operator==(const Used&) const = default;
};

class TrainerHost {
 public:
  TrainerHost(const TrainerPlan& plan, Random& random, Network& network);

  /// Starts, or resumes from the checkpoint, with so many ranks.
  void start(std::uint32_t world);
  void kill() { ranks_.clear(); }
  void stop_until(Time until) { stopped_until_ = until; }
  [[nodiscard]] bool is_running() const { return !ranks_.empty(); }
  [[nodiscard]] bool is_done() const { return step_ >= plan_.steps; }

  bool receive(const Letter& letter);
  [[nodiscard]] bool has_mail() const { return !inbox_.empty(); }
  /// Throws std::logic_error where what arrived is not the function.
  void act(Time now);

  [[nodiscard]] const std::vector<Used>& record() const { return record_; }
  [[nodiscard]] const std::string& last_error() const { return last_error_; }
  /// What is waited for, for a run that hangs.
  [[nodiscard]] std::string describe() const;

 private:
  struct Rank {
    std::string address;
    queue::LeaseBook book;
    std::optional<queue::Registration> registration;
    std::optional<consumer::Supply> supply;  ///< once a stream was accepted
    consumer::Deal deal;
    std::uint64_t val_done = 0;  ///< samples of the evaluation at hand
  };
  /// What a checkpoint holds of the stream.
  struct Saved {
    std::uint64_t step = 0;
    std::uint64_t cursor = 0;
    bool evaluation_due = false;
    proto::StageLog log;
  };

  [[nodiscard]] std::unique_ptr<Rank> make_rank(std::uint32_t number, std::uint32_t world);
  void act(Rank& rank, Time now);
  void take_in(const Letter& letter, Time now);
  void run_steps(Time now);
  [[nodiscard]] bool step_is_here() const;
  void complete_step(Time now);
  [[nodiscard]] bool evaluate();
  void change_stage();
  void compare(const proto::Batch& batch) const;
  void save();

  TrainerPlan plan_;
  Random& random_;
  Network& network_;
  std::vector<std::unique_ptr<Rank>> ranks_;
  std::vector<Letter> inbox_;
  std::uint64_t life_ = 0;
  Time stopped_until_{};
  Time step_done_at_{};

  std::uint64_t step_ = 0;
  std::uint64_t cursor_ = 0;
  bool evaluation_due_ = false;
  proto::StageLog log_;
  std::vector<Used> record_;
  Saved saved_;
  std::string last_error_;
};

}  // namespace millrace::simulator
