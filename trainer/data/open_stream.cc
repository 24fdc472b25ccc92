#include "trainer/data/open_stream.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "config/app/stop.h"
#include "config/errors.h"
#include "config/per_dataset.h"
#include "config/stream_keys.h"
#include "config/stream_settings.h"
#include "consumer/prefetcher.h"
#include "endpoint/key_files.h"
#include "endpoint/window.h"
#include "producer/inproc.h"
#include "queue/transports.h"

namespace millrace::trainer {
namespace {

using Clock = std::chrono::steady_clock;
constexpr queue::Milliseconds kMeetFor{200};
constexpr std::chrono::seconds kSayAfter{1};
constexpr std::chrono::seconds kSayAgainAfter{30};

queue::Expectation expectation(const config::Options& options, const StreamRequest& request) {
  return {config::provider_name(options), options.data.data_seed, config::stream_settings(options),
          request.pinned, config::joined_names(options.data)};
}

std::unique_ptr<queue::ConsumerEnd> open_end(const config::Options& options,
                                             const StreamRequest& request) {
  const queue::Uri uri = queue::parse_uri(options.queue.uri);
  const queue::Expectation expected = expectation(options, request);
  if (uri.scheme == queue::Scheme::kInproc) {
    const producer::Stream stream = producer::open_stream(options);
    return producer::make_inproc_producer(
        stream, expected, options.producer.threads,
        queue::leased_range_samples(stream.meta.schema, endpoint::train_window(options)),
        *request.registry);
  }
  queue::ConsumerPlan plan;
  plan.run_id = request.run_id;
  plan.rank = request.deal.rank;
  plan.advertise = options.queue.advertise;
  plan.late_after = std::chrono::milliseconds(std::llround(options.queue.late_s * 1000));
  plan.audit = options.queue.audit;
  plan.cursor = request.cursor;
  plan.eval_samples = request.eval_samples;
  plan.train_window = endpoint::train_window(options);
  plan.security = queue::trainer_security(endpoint::key_files(options));
  plan.registry = request.registry;
  plan.stage_log = request.stage_log;
  return queue::open_consumer_end(uri, expected, plan);
}

}  // namespace

StreamOpening::StreamOpening(const config::Options& options, const StreamRequest& request) try
    : plan_{request.deal, request.cursor, request.eval_samples, endpoint::train_window(options),
            request.stage_log},
      registry_(*request.registry),
      health_(*request.health),
      end_(open_end(options, request)),
      say_at_(Clock::now() + kSayAfter) {
} catch (const std::invalid_argument& error) {
  throw config::UsageError(error.what());
}

StreamOpening::~StreamOpening() = default;

bool StreamOpening::wait_for_stream() {
  if (!meta_) meta_ = end_->wait_for_stream(kMeetFor);
  if (meta_) return true;
  health_.alive("waiting for data: " + end_->state().words);
  if (Clock::now() < say_at_) return false;
  spdlog::info("waiting for data: {}", end_->state().words);
  say_at_ = Clock::now() + kSayAgainAfter;
  return false;
}

std::unique_ptr<consumer::BatchSource> StreamOpening::source() {
  return consumer::make_prefetcher(std::move(end_), meta_.value(), plan_, registry_);
}

std::unique_ptr<consumer::BatchSource> open_stream(const config::Options& options,
                                                   const StreamRequest& request) {
  StreamOpening opening(options, request);
  while (!config::stop_requested()) {
    if (opening.wait_for_stream()) {
      return opening.source();
    }
  }
  return nullptr;
}

}  // namespace millrace::trainer
