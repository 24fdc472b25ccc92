#include "tests/simulator/training.h"

#include <stdexcept>
#include <utility>

#include "tests/support/sample_stream.h"

namespace millrace::simulator {
namespace {

using namespace std::chrono_literals;

}  // namespace

TrainerPlan draw_plan(Random& random) {
  TrainerPlan plan;
  plan.batch_size = static_cast<std::uint32_t>(1 + random.below(5));
  plan.micro_batches = static_cast<std::uint32_t>(1 + random.below(4));
  plan.range_samples = 1U << random.below(5);
  plan.window_samples = 2 * plan.batch_size * plan.micro_batches + random.below(80);
  plan.steps = 15 + random.below(40);
  plan.eval_interval = 3 + random.below(12);
  plan.checkpoint_interval = 2 + random.below(8);
  plan.step_time = random.between(0ms, 120ms);
  if (random.chance(0.5)) plan.stage_seed = random.next();
  return plan;
}

Training::Training(const MadeStream& stream, const TrainerPlan& plan,
                   std::function<void(const Saved&)> save)
    : stream_(stream), plan_(plan), save_(std::move(save)), at_(beginning()) {}

Saved Training::beginning() const {
  Saved saved;
  if (plan_.stage_seed) saved.log = {{0, 0}};
  return saved;
}

void Training::resume(const Saved& saved) {
  at_ = saved;
  evaluated_.clear();
  std::erase_if(record_, [&](const Used& used) { return used.step > saved.step; });
}

consumer::PrefetchPlan Training::prefetch_plan(const consumer::BatchSharding& sharding) const {
  consumer::PrefetchPlan plan;
  plan.sharding = sharding;
  plan.cursor = at_.cursor;
  plan.eval_samples = plan_.eval_samples;
  plan.train_window = {.samples = plan_.window_samples};
  plan.stage_log = at_.log;
  return plan;
}

void Training::run(std::span<const Share> shares, Time now) {
  if (now < step_done_at_ || is_done()) return;
  if (at_.evaluation_due) {
    if (!evaluate(shares)) return;
    if (at_.step % plan_.checkpoint_interval == 0) save_(at_);
  }
  if (step_is_here(shares)) complete_step(shares, now);
}

bool Training::step_is_here(std::span<const Share> shares) const {
  for (const Share& share : shares) {
    for (const consumer::Slice& slice : consumer::micro_batches(share.sharding, at_.cursor)) {
      const auto batch = share.window->get(proto::Split::kTrain, slice.first, slice.count);
      if (!batch) return false;
      compare(*batch);
    }
  }
  return true;
}

/// Compares samples with the function.
void Training::compare(const proto::Batch& batch) const {
  for (std::uint64_t index = batch.range.first; index < batch.range.end(); ++index) {
    const auto stage =
        batch.range.split == proto::Split::kTrain ? proto::stage_at(at_.log, index) : std::nullopt;
    const proto::Range one{batch.range.split, index, 1, stage};
    proto::Batch got = proto::slice(stream_.meta.schema, batch, index, 1);
    got.range = one;
    if (testing::same_bytes(got, stream_.make(one))) continue;
    throw std::logic_error(std::string(proto::to_string(batch.range.split)) + " sample " +
                           std::to_string(index) + " is not the function's");
  }
}

void Training::complete_step(std::span<const Share> shares, Time now) {
  ++at_.step;
  const std::uint64_t end = at_.cursor + std::uint64_t{plan_.batch_size} * plan_.micro_batches;
  for (; at_.cursor < end; ++at_.cursor) {
    record_.push_back({at_.step, at_.cursor, proto::stage_at(at_.log, at_.cursor)});
  }
  for (const Share& share : shares) {
    share.window->advance(at_.cursor);
    share.release(at_.cursor);
  }
  step_done_at_ = now + plan_.step_time;
  at_.evaluation_due = at_.step % plan_.eval_interval == 0;
  if (at_.step % plan_.checkpoint_interval == 0 || is_done()) save_(at_);
}

bool Training::evaluate(std::span<const Share> shares) {
  evaluated_.resize(shares.size());
  for (std::size_t rank = 0; rank < shares.size(); ++rank) {
    const consumer::Slice mine =
        consumer::share(shares[rank].sharding, 0, static_cast<std::uint32_t>(plan_.eval_samples));
    for (; evaluated_[rank] < mine.count; ++evaluated_[rank]) {
      const auto batch =
          shares[rank].window->get(proto::Split::kVal, mine.first + evaluated_[rank], 1);
      if (!batch) return false;
      compare(*batch);
    }
  }
  evaluated_.clear();
  at_.evaluation_due = false;
  change_stage(shares);
  return true;
}

/// Like schedule `plateau`: decided at an evaluation, in effect from the first sample of the next
/// step.
void Training::change_stage(std::span<const Share> shares) {
  if (!plan_.stage_seed || Random(*plan_.stage_seed ^ at_.step).below(3) == 0) return;
  at_.log.push_back({at_.cursor, static_cast<std::uint8_t>(at_.log.back().stage + 1)});
  for (const Share& share : shares) {
    share.window->set_stage_log(at_.log);
    share.set_stage_log(at_.log);
  }
}

std::string Training::difference() const {
  std::uint64_t next = 0;
  for (const Used& used : record_) {
    if (used.index != next) {
      return "sample " + std::to_string(used.index) + " was used as number " + std::to_string(next);
    }
    ++next;
  }
  if (next != at_.cursor) {
    return std::to_string(next) + " samples are on record, and " + std::to_string(at_.cursor) +
           " were used";
  }
  return {};
}

}  // namespace millrace::simulator
