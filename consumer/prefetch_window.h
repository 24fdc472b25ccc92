// What the trainer needs next, what of it is here, and what is to be asked for: the consumer's
// book, without threads, clocks or transports. The prefetcher runs it over a transport.
//
// Bounded by the window: what is here and what is asked for together never exceed it by more than
// one range per split.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "consumer/batch_sharding.h"
#include "consumer/reorder_buffer.h"
#include "proto/batch.h"
#include "proto/meta.h"
#include "proto/stage_log.h"
#include "queue/ends/range_size.h"

namespace millrace::consumer {

struct PrefetchPlan {
  BatchSharding deal;
  std::uint64_t cursor = 0;  ///< first train sample to be used
  /// Val samples of one evaluation: no more than these are fetched ahead.
  std::uint64_t eval_samples = 0;
  queue::Window train_window;
  proto::StageLog stage_log{};  ///< empty where the stages are part of the stream's function
};

class PrefetchWindow {
 public:
  /// `range_samples`: what the transport asks for at once.
  PrefetchWindow(const proto::StreamMeta& meta, const PrefetchPlan& plan,
                 std::uint32_t range_samples);

  /// The trainer's turn. Samples [first, first + count) if all are here; the window moves with what
  /// it asks for.
  [[nodiscard]] std::optional<proto::Batch> get(proto::Split split, std::uint64_t first,
                                                std::uint32_t count);
  /// A completed step has used every train sample below `cursor`.
  void advance(std::uint64_t cursor);
  /// From now on train samples have the stages of this log; what is here at another stage is
  /// dropped.
  void set_stage_log(const proto::StageLog& log);

  /// The transport's turn. Of a batch that is here already, or at a stage that no longer holds,
  /// nothing is kept.
  void put(const proto::Batch& batch);
  /// Ranges of the window that are not here, val first. None straddles a change of stage.
  [[nodiscard]] std::vector<proto::Range> missing() const;
  /// Train samples that are here, and how many the window wants: at least two ranges, so that one
  /// is here when the other is used up.
  [[nodiscard]] std::uint64_t held() const { return buffer(proto::Split::kTrain).samples(); }
  [[nodiscard]] std::uint64_t window() const { return window_; }
  /// No train sample below is needed any more.
  [[nodiscard]] std::uint64_t used_below() const { return step_; }

 private:
  [[nodiscard]] ReorderBuffer& buffer(proto::Split split) {
    return buffers_[static_cast<std::size_t>(split)];
  }
  [[nodiscard]] const ReorderBuffer& buffer(proto::Split split) const {
    return buffers_[static_cast<std::size_t>(split)];
  }
  void move_to(proto::Split split, std::uint64_t first);
  void add_missing(proto::Split split, std::uint64_t from, std::uint64_t until,
                   std::vector<proto::Range>& ranges) const;
  [[nodiscard]] std::vector<proto::Range> pieces(proto::Split split, std::uint64_t first) const;
  [[nodiscard]] std::uint64_t val_end() const;

  proto::StreamMeta meta_;
  PrefetchPlan plan_;
  std::uint32_t range_samples_;
  std::uint64_t window_;
  std::array<ReorderBuffer, proto::kSplitCount> buffers_;
  std::uint64_t step_;      ///< first sample of the step at work
  std::uint64_t position_;  ///< first train sample that the trainer has asked for last
  bool asked_val_ = false;
  std::uint64_t val_from_ = 0;
};

}  // namespace millrace::consumer
