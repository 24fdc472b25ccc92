#include "tests/simulator/trainer_host.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "tests/simulator/made_stream.h"
#include "tests/support/sample_expectation.h"
#include "tests/support/sample_stream.h"

namespace millrace::simulator {
namespace {

const std::string kSecret(64, '7');

}  // namespace

TrainerHost::TrainerHost(const TrainerPlan& plan, Random& random, Network& network)
    : random_(random),
      network_(network),
      training_(small_samples(), plan, [this](const Saved& saved) { saved_ = saved; }) {
  saved_ = training_.beginning();
}

void TrainerHost::start(std::uint32_t world) {
  if (is_running()) return;
  ++life_;
  inbox_.clear();
  training_.resume(saved_);
  for (std::uint32_t number = 0; number < world; ++number) {
    ranks_.push_back(make_rank(number, world));
  }
}

std::unique_ptr<TrainerHost::Rank> TrainerHost::make_rank(std::uint32_t number,
                                                          std::uint32_t world) {
  const std::string address =
      number == 0 ? kRankZero : "rank" + std::to_string(number) + '/' + std::to_string(life_);
  queue::LeaseRules rules;
  rules.epoch = random_.next() | 1;
  rules.run_id = "run";
  rules.secret = kSecret;
  std::optional<queue::Registration> registration;
  if (number > 0) registration.emplace(proto::Register{"run", number, address, kSecret});
  return std::make_unique<Rank>(
      Rank{address,
           queue::LeaseBook(queue::Admission(testing::sample_expectation()), rules),
           registration,
           std::nullopt,
           {training_.plan().batch_size, training_.plan().micro_batches, number, world}});
}

bool TrainerHost::receive(const Letter& letter) {
  if (!std::ranges::any_of(ranks_, [&](const auto& rank) { return rank->address == letter.to; })) {
    return false;
  }
  inbox_.push_back(letter);
  return true;
}

void TrainerHost::take_in(const Letter& letter, Time now) {
  const auto found =
      std::ranges::find(ranks_, letter.to, [](const auto& rank) { return rank->address; });
  Rank& rank = **found;
  proto::Decoded decoded = proto::decode(letter.frames);
  const bool whole = decoded.status == proto::DecodeStatus::kOk;
  if (letter.from == kRankZero) {
    if (whole) rank.registration->receive(decoded.message, now);
  } else if (whole) {
    rank.book.receive({letter.from}, std::move(decoded.message), now);
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
  train(now);
}

void TrainerHost::act(Rank& rank, Time now) {
  if (!rank.window && rank.book.accepted()) {
    rank.window.emplace(small_samples().meta, training_.prefetch_plan(rank.sharding),
                        training_.plan().range_samples);
  }
  if (rank.window) {
    for (const proto::Range& range : rank.window->missing()) rank.book.request(range);
  }
  rank.book.tick(now);
  for (const auto& arrival : rank.book.take_arrivals()) rank.window->put(arrival.batch);
  for (const auto& [to, message] : rank.book.take_outgoing()) {
    network_.send({rank.address, to, proto::encode(message)}, now);
  }
  (void)rank.book.take_reports();
  if (!rank.registration) return;
  if (const auto message = rank.registration->tick(now)) {
    network_.send({rank.address, kRankZero, proto::encode(*message)}, now);
  }
}

void TrainerHost::train(Time now) {
  std::vector<Share> shares;
  for (const auto& rank : ranks_) {
    if (!rank->window) return;
    shares.push_back({rank->sharding, &*rank->window,
                      [&book = rank->book](const proto::StageLog& log) { book.set_stage_log(log); },
                      [](std::uint64_t) {}});
  }
  training_.run(shares, now);
}

std::string TrainerHost::describe() const {
  std::string text = "step " + std::to_string(training_.at().step) + " of " +
                     std::to_string(training_.plan().steps);
  if (!is_running()) return text + ", not running; last error: " + last_error_;
  for (const auto& rank : ranks_) {
    text += "; " + rank->address + ": " + std::to_string(rank->book.producers()) + " producers, " +
            std::to_string(rank->book.open_leases()) + " leases, " +
            rank->book.describe_next_wanted();
  }
  return text;
}

}  // namespace millrace::simulator
