// Decides which ranges to request, and keeps those that came (prefetch_window.h).
#include "consumer/prefetch_window.h"

#include <algorithm>
#include <utility>

namespace millrace::consumer {
namespace {

/// Every evaluation uses the same samples: up to this size they are kept.
constexpr std::uint64_t kKeepEvalBytes = std::uint64_t{64} << 20;

}  // namespace

PrefetchWindow::PrefetchWindow(const proto::StreamMeta& meta, const PrefetchPlan& plan,
                               std::uint32_t range_samples)
    : meta_(meta),
      plan_(plan),
      range_samples_(range_samples),
      window_(plan.train_window.samples_of(meta.schema, range_samples)),
      buffers_{ReorderBuffer(meta.schema), ReorderBuffer(meta.schema), ReorderBuffer(meta.schema)},
      step_(plan.cursor),
      position_(plan.cursor) {}

std::optional<proto::Batch> PrefetchWindow::get(proto::Split split, std::uint64_t first,
                                                std::uint32_t count) {
  move_to(split, first);
  return buffer(split).get(first, count);
}

void PrefetchWindow::move_to(proto::Split split, std::uint64_t first) {
  if (split == proto::Split::kTrain) {
    position_ = std::max(position_, first);
    return;
  }
  eval_split_ = split;
  eval_from_ = first;
  if (plan_.eval_samples * meta_.schema.bytes_per_sample() > kKeepEvalBytes) {
    buffer(split).drop_below(first);
  }
}

void PrefetchWindow::advance(std::uint64_t cursor) {
  step_ = cursor;
  position_ = std::max(position_, cursor);
  buffer(proto::Split::kTrain).drop_below(cursor);
}

void PrefetchWindow::set_stage_log(const proto::StageLog& log) {
  plan_.stage_log = log;
  buffer(proto::Split::kTrain).drop_unless([&](const proto::Range& range) {
    return proto::agrees(log, range);
  });
}

void PrefetchWindow::put(const proto::Batch& batch) {
  if (proto::agrees(plan_.stage_log, batch.range)) buffer(batch.range.split).put(batch);
}

std::vector<proto::Range> PrefetchWindow::missing() const {
  std::vector<proto::Range> ranges;
  if (eval_split_) {
    const std::uint64_t end = std::min(plan_.eval_samples, meta_.size(*eval_split_));
    add_missing(*eval_split_, eval_from_, std::min(end, eval_from_ + window()), ranges);
  }
  // This rank's share of every step in the window. Adjacent shares are searched together; with one
  // rank all shares are adjacent.
  const std::uint32_t global = plan_.sharding.global_batch();
  std::uint64_t from = step_;
  std::uint64_t until = step_;
  for (std::uint64_t step = step_; step < position_ + window(); step += global) {
    const Slice mine = share(plan_.sharding, step, global);
    if (mine.first != until) {
      add_missing(proto::Split::kTrain, std::exchange(from, mine.first), until, ranges);
    }
    until = mine.first + mine.count;
  }
  add_missing(proto::Split::kTrain, from, until, ranges);
  return ranges;
}

void PrefetchWindow::add_missing(proto::Split split, std::uint64_t from, std::uint64_t until,
                                 std::vector<proto::Range>& ranges) const {
  if (from == until) return;
  for (std::uint64_t first = from / range_samples_ * range_samples_; first < until;
       first += range_samples_) {
    for (const proto::Range& piece : pieces(split, first)) {
      // The range may have been added for the previous step already, if that ends in it.
      const bool added = !ranges.empty() && ranges.back() == piece;
      if (piece.end() > from && piece.first < until && !added && !buffer(split).has(piece.first)) {
        ranges.push_back(piece);
      }
    }
  }
}

std::vector<proto::Range> PrefetchWindow::pieces(proto::Split split, std::uint64_t first) const {
  const auto count = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(range_samples_, meta_.size(split) - first));
  if (split == proto::Split::kTrain) return proto::cut_at_stages(plan_.stage_log, first, count);
  return {{split, first, count, std::nullopt}};
}

}  // namespace millrace::consumer
