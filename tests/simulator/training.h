// A training loop without tensors: steps, evaluations, changes of stage, checkpoints, and the
// record of the samples that completed steps used. Every sample is compared with the function.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "consumer/prefetch_window.h"
#include "proto/stage_log.h"
#include "tests/simulator/made_stream.h"
#include "tests/simulator/random.h"

namespace millrace::simulator {

struct TrainerPlan {
  std::uint32_t batch_size = 2;
  std::uint32_t micro_batches = 2;  ///< of a step
  std::uint32_t range_samples = 8;  ///< for transports that leave it open
  std::uint64_t window_samples = 64;
  std::uint64_t steps = 40;
  std::uint64_t eval_interval = 10;
  std::uint64_t eval_samples = 12;
  std::uint64_t checkpoint_interval = 5;
  Duration step_time{};
  /// If set, the trainer names the stages: after an evaluation this seed and the step decide
  /// whether a new one begins.
  std::optional<std::uint64_t> stage_seed;
};

[[nodiscard]] TrainerPlan draw_plan(Random& random);

/// A train sample that a completed step used.
struct Used {
  std::uint64_t step;
  std::uint64_t index;
  std::optional<std::uint8_t> stage;
  bool operator==(const Used&) const = default;
};

/// The part of a checkpoint that concerns the stream.
struct Saved {
  std::uint64_t step = 0;
  std::uint64_t cursor = 0;
  bool evaluation_due = false;
  proto::StageLog log;
};

/// A rank's part of the training.
struct Share {
  consumer::BatchSharding sharding;
  consumer::PrefetchWindow* window = nullptr;
  std::function<void(const proto::StageLog&)> set_stage_log;  ///< calls the transport's
  std::function<void(std::uint64_t)> release;                 ///< calls the transport's
};

class Training {
 public:
  /// `save` is called when a checkpoint is due.
  Training(const MadeStream& stream, const TrainerPlan& plan,
           std::function<void(const Saved&)> save);

  [[nodiscard]] Saved beginning() const;
  /// Continues from a checkpoint: the record is cut back to it.
  void resume(const Saved& saved);
  /// Evaluates and makes a step if their samples are here. Throws std::logic_error if a sample is
  /// not the function's.
  void run(std::span<const Share> shares, Time now);

  [[nodiscard]] bool is_done() const { return at_.step >= plan_.steps; }
  [[nodiscard]] const TrainerPlan& plan() const { return plan_; }
  [[nodiscard]] const Saved& at() const { return at_; }
  [[nodiscard]] consumer::PrefetchPlan prefetch_plan(const consumer::BatchSharding& sharding) const;
  /// The error of the record; empty: it has every sample once, in order.
  [[nodiscard]] std::string difference() const;

 private:
  [[nodiscard]] bool step_is_here(std::span<const Share> shares) const;
  [[nodiscard]] bool evaluate(std::span<const Share> shares);
  void complete_step(std::span<const Share> shares, Time now);
  void change_stage(std::span<const Share> shares);
  void compare(const proto::Batch& batch) const;

  const MadeStream& stream_;
  TrainerPlan plan_;
  std::function<void(const Saved&)> save_;
  Saved at_;
  std::vector<std::uint64_t> evaluated_;  ///< samples of the current evaluation, per rank
  Time step_done_at_{};
  std::vector<Used> record_;
};

}  // namespace millrace::simulator
