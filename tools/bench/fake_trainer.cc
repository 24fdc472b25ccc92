// Taking batches without training on them (fake_trainer.h).
#include "tools/bench/fake_trainer.h"

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include "config/sizes.h"
#include "consumer/prefetcher.h"
#include "endpoint/expectation.h"
#include "endpoint/window.h"
#include "producer/open_ends.h"
#include "proto/files.h"
#include "providers/masking/stage_schedule.h"
#include "tools/bench/bench_waits.h"

namespace millrace::tools {
namespace {

constexpr std::chrono::milliseconds kWaitAtOnce{100};
constexpr std::chrono::seconds kDataWithin{60};

/// The first stage throughout, where the trainer names the stages.
proto::StageLog stage_log_of(const config::Options& options) {
  if (!providers::named_by_trainer(providers::schedule_from(options.provider.schedule))) return {};
  return {{0, 0}};
}

std::unique_ptr<queue::ConsumerEnd> open_end(const config::Options& options,
                                             const queue::Expectation& expected,
                                             telemetry::Registry& registry) {
  queue::ConsumerPlan plan;
  plan.run_id = proto::random_id();
  plan.stage_log = stage_log_of(options);
  plan.registry = &registry;
  return producer::open_consumer_end(options, expected, plan);
}

[[noreturn]] void fail_without_data(const std::string& state) {
  throw std::runtime_error("no data for " + std::to_string(kDataWithin.count()) + " s: " + state);
}

std::unique_ptr<consumer::BatchSource> open_source(const config::Options& options,
                                                   const queue::Expectation& expected,
                                                   telemetry::Registry& registry,
                                                   const std::function<void()>& check) {
  auto end = open_end(options, expected, registry);
  const auto start = Clock::now();
  for (;;) {
    if (const auto meta = end->wait_for_stream(kWaitAtOnce)) {
      const consumer::BatchSharding sharding{options.train.batch_size,
                                             options.train.gradient_accumulation_steps, 0, 1};
      return consumer::make_prefetcher(
          std::move(end), *meta,
          {sharding, 0, 0, endpoint::train_window(options), stage_log_of(options)}, registry);
    }
    check_not_stopped();
    check();
    if (Clock::now() - start > kDataWithin) fail_without_data(end->state().words);
  }
}

}  // namespace

FakeTrainer::FakeTrainer(const config::Options& options, std::function<void()> check)
    : FakeTrainer(options, endpoint::expectation(options), std::move(check)) {}

FakeTrainer::FakeTrainer(const config::Options& options, const queue::Expectation& expected,
                         std::function<void()> check)
    : check_(std::move(check)),
      metrics_(registry_),
      queue_metrics_(registry_),
      batch_samples_(options.train.batch_size),
      step_samples_(config::global_batch(options)),
      source_(open_source(options, expected, registry_, check_)) {}

void FakeTrainer::take() {
  for (std::chrono::milliseconds waited{0};
       !source_->get(proto::Split::kTrain, next_, batch_samples_, kWaitAtOnce);
       waited += kWaitAtOnce) {
    check_not_stopped();
    check_();
    if (waited >= kDataWithin) fail_without_data(source_->state());
  }
  next_ += batch_samples_;
  if (next_ % step_samples_ == 0) source_->advance(next_);
}

}  // namespace millrace::tools
