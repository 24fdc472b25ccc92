#include "tests/simulator/producer_host.h"

#include <algorithm>
#include <utility>

#include "tests/simulator/made_stream.h"
#include "tests/simulator/trainer_host.h"
#include "tests/support/sample_stream.h"

namespace millrace::simulator {
ProducerHost::ProducerHost(std::string name, const ProducerHabits& habits, Random& random,
                           Network& network)
    : name_(std::move(name)), habits_(habits), random_(random), network_(network) {}

void ProducerHost::start() {
  if (links_) return;
  ++life_;
  links_.emplace(proto::Hello{small_samples().meta, habits_.workers, address()}, kRankZero);
  leased_.clear();
  jobs_.clear();
  inbox_.clear();
}

bool ProducerHost::receive(const Letter& letter) {
  if (!links_ || letter.to != address()) return false;
  inbox_.push_back(letter);
  return true;
}

void ProducerHost::take_in(const Letter& letter, Time now) {
  proto::Decoded decoded = proto::decode(letter.frames);
  if (decoded.status == proto::DecodeStatus::kOk) {
    links_->receive(letter.from, std::move(decoded.message), now);
  }
  if (decoded.status == proto::DecodeStatus::kVersion) {
    links_->useless(letter.from, "another protocol version", now);
  }
}

void ProducerHost::act(Time now) {
  if (!is_up(now)) return;
  for (const Letter& letter : std::exchange(inbox_, {})) {
    if (links_) take_in(letter, now);
  }
  if (!links_) return;
  links_->tick(now);
  for (const queue::LeasedRange& leased : links_->take_leased()) leased_.push_back(leased);
  if (now >= hung_until_) finish_jobs(now);
  begin_jobs(now);
  for (const auto& [to, message] : links_->take_outgoing()) send(to, proto::encode(message), now);
  if (links_->refusal()) kill();  // `prepare` ends with an error
}

void ProducerHost::begin_jobs(Time now) {
  while (jobs_.size() < habits_.workers && !leased_.empty()) {
    const queue::LeasedRange leased = leased_.front();
    leased_.pop_front();
    if (links_->holds(leased)) {
      jobs_.push_back({leased, now + random_.between(habits_.least_work, habits_.most_work)});
    }
  }
}

void ProducerHost::finish_jobs(Time now) {
  for (const Job& job : jobs_) {
    if (job.done_at <= now) answer(job.leased, now);
  }
  std::erase_if(jobs_, [now](const Job& job) { return job.done_at <= now; });
}

void ProducerHost::answer(const queue::LeasedRange& leased, Time now) {
  const auto to = links_->finish(leased, now);
  if (!to) return;
  if (random_.chance(habits_.failures)) {
    return send(to->address, proto::encode(proto::Failed{leased.lease, "it cannot"}), now);
  }
  if (habits_.lies) lie(leased, now);
  const auto held_us = static_cast<std::uint64_t>(to->held.count());
  const proto::Filled filled{leased.lease, small_samples().meta.fingerprint,
                             testing::sample_batch(leased.range), held_us};
  send(to->address, proto::encode(filled, small_samples().meta.schema), now);
}

void ProducerHost::lie(const queue::LeasedRange& leased, Time now) {
  proto::Filled wrong{leased.lease, small_samples().meta.fingerprint,
                      testing::sample_batch(leased.range), 0};
  switch (random_.below(5)) {
    case 0: wrong.lease += 1 + random_.below(8); break;
    case 1: wrong.batch.range.first += 8; break;
    case 2: wrong.fingerprint = "00000000000000ff"; break;
    case 3:
      wrong.batch = testing::sample_batch(
          {leased.range.split, leased.range.first + 8, leased.range.count, leased.range.stage});
      break;
    default: wrong.lease = random_.next(); break;
  }
  for (const std::string& rank : links_->addresses()) {
    send(rank, proto::encode(wrong, small_samples().meta.schema), now);
    send(rank, {proto::encode(wrong, small_samples().meta.schema).back()}, now);
  }
}

std::optional<Time> ProducerHost::next_finish() const {
  if (jobs_.empty()) return std::nullopt;
  return std::ranges::min(jobs_, {}, &Job::done_at).done_at;
}

}  // namespace millrace::simulator
