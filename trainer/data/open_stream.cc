// Waiting for a stream (open_stream.h).
#include "trainer/data/open_stream.h"

#include <spdlog/spdlog.h>

#include <stdexcept>
#include <utility>

#include "config/app/stop.h"
#include "config/errors.h"
#include "consumer/prefetcher.h"
#include "endpoint/expectation.h"
#include "endpoint/window.h"
#include "producer/inproc.h"

namespace millrace::trainer {
namespace {

using Clock = std::chrono::steady_clock;
constexpr queue::Milliseconds kWaitAtOnce{200};
constexpr std::chrono::seconds kLogAfter{1};
constexpr std::chrono::seconds kLogAgainAfter{30};

std::unique_ptr<queue::ConsumerEnd> open_end(const config::Options& options,
                                             const StreamRequest& request) {
  queue::Expectation expected = endpoint::expectation(options);
  expected.pinned = request.pinned;
  queue::ConsumerPlan plan;
  plan.run_id = request.run_id;
  plan.rank = request.sharding.rank;
  plan.cursor = request.cursor;
  plan.eval_samples = request.eval_samples;
  plan.stage_log = request.stage_log;
  plan.registry = request.registry;
  return producer::open_consumer_end(options, expected, plan);
}

}  // namespace

StreamOpening::StreamOpening(const config::Options& options, const StreamRequest& request) try
    : plan_{request.sharding, request.cursor, request.eval_samples, endpoint::train_window(options),
            request.stage_log},
      registry_(*request.registry),
      health_(*request.health),
      end_(open_end(options, request)),
      log_at_(Clock::now() + kLogAfter) {
} catch (const std::invalid_argument& error) {
  throw config::UsageError(error.what());
}

StreamOpening::~StreamOpening() = default;

bool StreamOpening::wait_for_stream() {
  if (!meta_) meta_ = end_->wait_for_stream(kWaitAtOnce);
  if (meta_) return true;
  const std::string line = "waiting for data: " + end_->state().words;
  health_.alive(line);
  if (Clock::now() < log_at_) return false;
  spdlog::info(line);
  log_at_ = Clock::now() + kLogAgainAfter;
  return false;
}

std::unique_ptr<consumer::BatchSource> StreamOpening::source() {
  return consumer::make_prefetcher(std::move(end_), meta_.value(), plan_, registry_);
}

std::unique_ptr<consumer::BatchSource> open_stream(const config::Options& options,
                                                   const StreamRequest& request) {
  StreamOpening opening(options, request);
  while (!config::stop_requested()) {
    if (opening.wait_for_stream()) return opening.source();
  }
  return nullptr;
}

}  // namespace millrace::trainer
