// The hosts on which a trainer of several ranks runs, dies and resumes from its checkpoint.
//
// Every rank runs the real LeaseBook, PrefetchWindow and Registration; a step only compares samples
// with the function. The samples of each step are recorded and, when the run resumes, cut back to
// the checkpoint, as `train --record-stream` does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consumer/prefetch_window.h"
#include "queue/protocol/lease_book.h"
#include "queue/protocol/registration.h"
#include "tests/simulator/network.h"
#include "tests/simulator/random.h"
#include "tests/simulator/training.h"

namespace millrace::simulator {

inline const std::string kRankZero = "rank0/uri";

class TrainerHost {
 public:
  TrainerHost(const TrainerPlan& plan, Random& random, Network& network);

  /// Starts, or resumes from the checkpoint, with `world` ranks.
  void start(std::uint32_t world);
  void kill() { ranks_.clear(); }
  void stop_until(Time until) { stopped_until_ = until; }
  [[nodiscard]] bool is_running() const { return !ranks_.empty(); }
  [[nodiscard]] bool is_done() const { return training_.is_done(); }

  bool receive(const Letter& letter);
  [[nodiscard]] bool has_mail() const { return !inbox_.empty(); }
  /// Throws std::logic_error if a sample is not the function's.
  void act(Time now);

  [[nodiscard]] std::string difference() const { return training_.difference(); }
  /// What every rank waits for, for a run that hangs.
  [[nodiscard]] std::string describe() const;

 private:
  struct Rank {
    std::string address;
    queue::LeaseBook book;
    std::optional<queue::Registration> registration;
    std::optional<consumer::PrefetchWindow> window;  ///< once a stream is accepted
    consumer::BatchSharding sharding;
  };

  [[nodiscard]] std::unique_ptr<Rank> make_rank(std::uint32_t number, std::uint32_t world);
  void act(Rank& rank, Time now);
  void take_in(const Letter& letter, Time now);
  void train(Time now);

  Random& random_;
  Network& network_;
  std::vector<std::unique_ptr<Rank>> ranks_;
  std::vector<Letter> inbox_;
  std::uint64_t life_ = 0;
  Time stopped_until_{};
  Saved saved_;
  Training training_;
  std::string last_error_;
};

}  // namespace millrace::simulator
