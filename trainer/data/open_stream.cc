// Waiting for a stream (open_stream.h).
#include "trainer/data/open_stream.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "config/app/stop.h"
#include "config/errors.h"
#include "config/stream_keys.h"
#include "consumer/prefetcher.h"
#include "datasets/sources/source_files.h"
#include "endpoint/window.h"
#include "producer/open_ends.h"

namespace millrace::trainer {
namespace {

using Clock = std::chrono::steady_clock;
constexpr queue::Milliseconds kWaitAtOnce{200};
constexpr std::chrono::seconds kLogAfter{1};
constexpr std::chrono::seconds kLogAgainAfter{30};

/// Throws config::UsageError if no stream can be that of the run and of the recipe's data.
void check_data(const queue::Expectation& expected, const proto::StreamMeta& pinned) {
  const std::string other = queue::other_data(expected, pinned, "in the recipe", "in the run");
  if (other.empty()) return;
  throw config::UsageError(other +
                           ": a run keeps to its data; name those, or start a new run with "
                           "another train.out_dir");
}

/// Logs it if the recipe names a dataset, and the stream that was taken has another name for it.
/// Only of a provider that is not built in, which may call its data anything.
void log_other_name(const config::Options& options, const proto::StreamMeta& meta) {
  if (config::is_built_in(options) || !options.data.path) return;
  const std::string name = datasets::name_of_dataset(*options.data.path);
  if (name == meta.dataset_name) return;
  spdlog::warn(
      "data.path is {}, and the stream is of {}; see that its producers have the data that "
      "you mean",
      name, meta.dataset_name);
}

std::unique_ptr<queue::ConsumerEnd> open_end(const config::Options& options,
                                             const StreamRequest& request) {
  queue::Expectation expected = producer::expected_stream(options);
  if (request.pinned) check_data(expected, *request.pinned);
  expected.pinned = request.pinned;
  queue::ConsumerPlan plan;
  plan.run_id = request.run_id;
  plan.rank_secret = request.rank_secret;
  plan.rank = request.sharding.rank;
  plan.cursor = request.cursor;
  plan.eval_samples = request.eval_samples;
  plan.stage_log = request.stage_log;
  plan.registry = request.registry;
  return producer::open_consumer_end(options, expected, plan);
}

}  // namespace

StreamOpening::StreamOpening(const config::Options& options, const StreamRequest& request)
    : plan_{request.sharding, request.cursor, request.eval_samples, endpoint::train_window(options),
            request.stage_log},
      registry_(*request.registry),
      health_(*request.health),
      log_taken_([options](const proto::StreamMeta& meta) { log_other_name(options, meta); }),
      end_(open_end(options, request)),
      log_at_(Clock::now() + kLogAfter) {}

StreamOpening::~StreamOpening() = default;

bool StreamOpening::wait_for_stream() {
  if (!meta_) {
    meta_ = end_->wait_for_stream(kWaitAtOnce);
    if (meta_) log_taken_(*meta_);
  }
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
