// PrefetchWindow keeps track of the samples that the trainer needs next, those that are here, and
// the ranges to request. It is plain state without threads, clocks or transports; the prefetcher
// (prefetcher.h) runs it over a transport.
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

/// What to fetch ahead, for one rank.
struct PrefetchPlan {
  BatchSharding sharding;
  std::uint64_t cursor = 0;  ///< first train sample to be used
  /// Samples of one evaluation, of val or test: no more than these are fetched ahead.
  std::uint64_t eval_samples = 0;
  queue::Window train_window;
  proto::StageLog stage_log{};  ///< empty where the stages are part of the stream's function
};

class PrefetchWindow {
 public:
  /// `range_samples`: the number of samples in a range of the transport.
  PrefetchWindow(const proto::StreamMeta& meta, const PrefetchPlan& plan,
                 std::uint32_t range_samples);

  // --- For the trainer.

  /// Samples [first, first + count) if all of them are here. Moves the window to them.
  [[nodiscard]] std::optional<proto::Batch> get(proto::Split split, std::uint64_t first,
                                                std::uint32_t count);
  /// Steps have taken every train sample below `cursor`.
  void advance(std::uint64_t cursor);
  /// From now on train samples have the stages of this log; those here at another stage are
  /// dropped.
  void set_stage_log(const proto::StageLog& log);

  // --- For the transport.

  /// Takes a batch, unless it is here already or at a stage that its samples do not have any more.
  void put(const proto::Batch& batch);
  /// Ranges of the window that are not here, those to evaluate first. The stage does not change
  /// within a range.
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

  proto::StreamMeta meta_;
  PrefetchPlan plan_;
  std::uint32_t range_samples_;
  std::uint64_t window_;
  std::array<ReorderBuffer, proto::kSplitCount> buffers_;
  std::uint64_t step_;                      ///< first sample of the current step
  std::uint64_t position_;                  ///< first train sample of the latest get()
  std::optional<proto::Split> eval_split_;  ///< val or test, once one of them was asked for
  std::uint64_t eval_from_ = 0;             ///< its first sample in the latest get()
};

}  // namespace millrace::consumer
