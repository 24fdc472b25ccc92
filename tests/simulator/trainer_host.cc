#include "tests/simulator/trainer_host.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "tests/support/sample_stream.h"

namespace millrace::simulator {
namespace {

const proto::StreamMeta& meta() {
  static const proto::StreamMeta meta = testing::sample_meta();
  return meta;
}

queue::Admission admission() { return queue::Admission({meta().provider, meta().data_seed, meta().settings, {}}); }

}  // namespace

TrainerHost::TrainerHost(const TrainerPlan& plan, Random& random, Network& network)
    : plan_(plan), random_(random), network_(network) {
  if (plan_.stage_seed) saved_.log = {{0, 0}};
}

void TrainerHost::start(std::uint32_t world) {
  if (is_running()) return;
  ++life_;
  step_ = saved_.step;
  cursor_ = saved_.cursor;
  log_ = saved_.log;
  evaluation_due_ = saved_.evaluation_due;
  inbox_.clear();
  std::erase_if(record_, [&](const Used& used) { return used.step > step_; });
  for (std::uint32_t number = 0; number < world; ++number) ranks_.push_back(make_rank(number, world));
}

std::unique_ptr<TrainerHost::Rank> TrainerHost::make_rank(std::uint32_t number, std::uint32_t world) {
  const std::string address = number == 0 ? kRankZero : "rank" + std::to_string(number) + '/' + std::to_string(life_);
  queue::LeaseRules rules;
  rules.epoch = random_.next() | 1;
  rules.run_id = "run";
  std::optional<queue::Registration> registration;
  if (number > 0) registration.emplace(proto::Register{"run", number, address});
  return std::make_unique<Rank>(Rank{address,
                                     queue::LeaseBook(admission(), rules),
                                     registration,
                                     std::nullopt,
                                     {plan_.batch_size, plan_.micro_batches, number, world}});
}

bool TrainerHost::receive(const Letter& letter) {
  if (!std::ranges::any_of(ranks_, [&](const auto& rank) { return rank->address == letter.to; })) return false;
  inbox_.push_back(letter);
  return true;
}

void TrainerHost::take_in(const Letter& letter, Time now) {
  const auto found = std::ranges::find(ranks_, letter.to, [](const auto& rank) { return rank->address; });
  Rank& rank = **found;
  proto::Decoded decoded = proto::decode(letter.frames);
  const bool whole = decoded.status == proto::DecodeStatus::kOk;
  if (letter.from == kRankZero) {
    if (whole) rank.registration->receive(decoded.message, now);
  } else if (whole) {
    rank.book.receive(letter.from, std::move(decoded.message), now);
  } else if (decoded.lease != 0) {
    rank.book.damaged(letter.from, decoded.lease);
  }
}

void TrainerHost::act(Time now) {
  if (!is_running() || now < stopped_until_) return;
  try {
    for (const Letter& letter : std::exchange(inbox_, {})) take_in(letter, now);
    for (const auto& rank : ranks_) act(*rank, now);
  } catch (const std::runtime_error& error) {
    last_error_ = error.what();  // `train` ends with an error, on every rank
    kill();
    return;
  }
  run_steps(now);
}

void TrainerHost::act(Rank& rank, Time now) {
  if (!rank.supply && rank.book.accepted()) {
    rank.supply.emplace(meta(),
                        consumer::PrefetchPlan{.deal = rank.deal,
                                               .cursor = cursor_,
                                               .eval_samples = plan_.eval_samples,
                                               .train_window = {.samples = plan_.window_samples},
                                               .stage_log = log_},
                        plan_.range_samples);
  }
  if (rank.supply) {
    for (const proto::Range& range : rank.supply->missing()) rank.book.want(range);
  }
  rank.book.tick(now);
  for (const auto& arrival : rank.book.take_arrivals()) rank.supply->put(arrival.batch);
  for (const auto& [to, message] : rank.book.take_outgoing()) network_.send({rank.address, to, proto::encode(message)}, now);
  (void)rank.book.take_reports();
  if (!rank.registration) return;
  if (const auto message = rank.registration->tick(now)) network_.send({rank.address, kRankZero, proto::encode(*message)}, now);
}

void TrainerHost::run_steps(Time now) {
  if (now < step_done_at_ || is_done()) return;
  if (!std::ranges::all_of(ranks_, [](const auto& rank) { return rank->supply.has_value(); })) return;
  if (evaluation_due_) {
    if (!evaluate()) return;
    if (step_ % plan_.checkpoint_interval == 0) save();
  }
  if (step_is_here()) complete_step(now);
}

bool TrainerHost::step_is_here() const {
  for (const auto& rank : ranks_) {
    for (const consumer::Slice& slice : consumer::micro_batches(rank->deal, cursor_)) {
      const auto batch = rank->supply->get(proto::Split::kTrain, slice.first, slice.count);
      if (!batch) return false;
      compare(*batch);
    }
  }
  return true;
}

/// With the function.
void TrainerHost::compare(const proto::Batch& batch) const {
  for (std::uint64_t index = batch.range.first; index < batch.range.end(); ++index) {
    const auto stage = batch.range.split == proto::Split::kTrain ? proto::stage_at(log_, index) : std::nullopt;
    const proto::Range one{batch.range.split, index, 1, stage};
    proto::Batch got = proto::slice(meta().schema, batch, index, 1);
    got.range = one;
    if (testing::same_bytes(got, testing::sample_batch(one))) continue;
    throw std::logic_error(std::string(proto::to_string(batch.range.split)) + " sample " + std::to_string(index) +
                           " is not the function's");
  }
}

void TrainerHost::complete_step(Time now) {
  ++step_;
  const std::uint64_t end = cursor_ + std::uint64_t{plan_.batch_size} * plan_.micro_batches;
  for (; cursor_ < end; ++cursor_) record_.push_back({step_, cursor_, proto::stage_at(log_, cursor_)});
  for (const auto& rank : ranks_) rank->supply->advance(cursor_);
  step_done_at_ = now + plan_.step_time;
  evaluation_due_ = step_ % plan_.eval_interval == 0;
  if (step_ % plan_.checkpoint_interval == 0 || is_done()) save();
}

bool TrainerHost::evaluate() {
  for (const auto& rank : ranks_) {
    const consumer::Slice mine = consumer::share(rank->deal, 0, static_cast<std::uint32_t>(plan_.eval_samples));
    for (; rank->val_done < mine.count; ++rank->val_done) {
      const auto batch = rank->supply->get(proto::Split::kVal, mine.first + rank->val_done, 1);
      if (!batch) return false;
      compare(*batch);
    }
  }
  for (const auto& rank : ranks_) rank->val_done = 0;
  evaluation_due_ = false;
  change_stage();
  return true;
}

/// As `plateau` would: decided by the evaluation, in effect from the first sample of the next step.
void TrainerHost::change_stage() {
  if (!plan_.stage_seed) return;
  const std::uint64_t dice = Random(*plan_.stage_seed ^ step_).next();
  if (dice % 3 == 0) return;
  log_.push_back({cursor_, static_cast<std::uint8_t>(log_.back().stage + 1)});
  for (const auto& rank : ranks_) {
    rank->supply->follow(log_);
    rank->book.follow(log_);
  }
}

void TrainerHost::save() { saved_ = {step_, cursor_, evaluation_due_, log_}; }

std::string TrainerHost::describe() const {
  std::string text = "step " + std::to_string(step_) + " of " + std::to_string(plan_.steps);
  if (!is_running()) return text + ", not running; last error: " + last_error_;
  for (const auto& rank : ranks_) {
    text += "; " + rank->address + ": " + std::to_string(rank->book.producers()) + " producers, " +
            std::to_string(rank->book.open_leases()) + " leases, " + rank->book.whereabouts();
  }
  return text;
}

}  // namespace millrace::simulator
