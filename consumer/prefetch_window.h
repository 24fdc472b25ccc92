// The consumer's book: the samples that the trainer needs next, those that are here, and the ranges
// to request. It has no threads, clocks or transports; the prefetcher runs it over a transport.
//
// Samples that are here or requested exceed the window by at most one range per split.
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
  BatchSharding sharding;
  std::uint64_t cursor = 0;  ///< first train sample to be used
  /// Val samples of one evaluation: no more than these are fetched ahead.
  std::uint64_t eval_samples = 0;
  queue::Window train_window;
  proto::StageLog stage_log{};  ///< empty where the stages are part of the stream's function
};

class PrefetchWindow {
 public:
  /// `range_samples`: samples of the transport's ranges.
  PrefetchWindow(const proto::StreamMeta& meta, const PrefetchPlan& plan,
                 std::uint32_t range_samples);

  // --- For the trainer.

  /// Samples [first, first + count) if all of them are here. Moves the window to them.
  [[nodiscard]] std::optional<proto::Batch> get(proto::Split split, std::uint64_t first,
                                                std::uint32_t count);
  /// A completed step has used every train sample below `cursor`.
  void advance(std::uint64_t cursor);
  /// From now on train samples have the stages of this log; those here at another stage are
  /// dropped.
  void set_stage_log(const proto::StageLog& log);

  // --- For the transport.

  /// Takes a batch, unless it is here already or at a stage that its samples do not have any more.
  void put(const proto::Batch& batch);
  /// Ranges of the window that are not here, val first. The stage does not change within a range.
  [[nodiscard]] std::vector<proto::Range> missing() const;
  /// Train samples that are here.
  [[nodiscard]] std::uint64_t held() const { return buffer(proto::Split::kTrain).samples(); }
  /// Train samples that should be here.
  [[nodiscard]] std::uint64_t window() const { return window_; }
  /// Train samples below this index are not needed any more.
  [[nodiscard]] std::uint64_t used_below() const { return step_; }

 private:
  [[nodiscard]] ReorderBuffer& buffer(proto::Split split) {
    return buffers_[static_cast<std::size_t>(split)];
  }
  [[nodiscard]] const ReorderBuffer& buffer(proto::Split split) const {
    return buffers_[static_cast<std::size_t>(split)];
  }
  void move_to(proto::Split split, std::uint64_t first);
  /// Adds the missing ranges that contain samples of [from, until).
  void add_missing(proto::Split split, std::uint64_t from, std::uint64_t until,
                   std::vector<proto::Range>& ranges) const;
  /// The range that starts at `first`, cut where the stage changes.
  [[nodiscard]] std::vector<proto::Range> pieces(proto::Split split, std::uint64_t first) const;
  [[nodiscard]] std::uint64_t val_end() const;

  proto::StreamMeta meta_;
  PrefetchPlan plan_;
  std::uint32_t range_samples_;
  std::uint64_t window_;
  std::array<ReorderBuffer, proto::kSplitCount> buffers_;
  std::uint64_t step_;      ///< first sample of the current step
  std::uint64_t position_;  ///< first train sample of the latest get()
  bool asked_val_ = false;
  std::uint64_t val_from_ = 0;  ///< first val sample of the latest get()
};

}  // namespace millrace::consumer
