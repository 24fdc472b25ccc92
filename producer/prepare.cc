#include "producer/prepare.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "config/errors.h"
#include "config/progress.h"
#include "config/sizes.h"
#include "config/stop.h"
#include "producer/key_files.h"
#include "producer/producer.h"
#include "producer/stream.h"
#include "producer/window.h"
#include "queue/transports.h"

namespace millrace::producer {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLookEvery{50};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

queue::ProducerPlan plan(const config::Options& options, const proto::StreamMeta& meta, std::optional<std::uint64_t> samples) {
  queue::ProducerPlan plan;
  plan.capacity = options.producer.threads;
  plan.ahead[static_cast<std::size_t>(proto::Split::kTrain)] =
      std::max(train_window(options).samples_of(meta.schema), samples.value_or(0));
  plan.ahead[static_cast<std::size_t>(proto::Split::kVal)] = config::eval_samples(options);
  plan.security = queue::producer_security(key_files(options));
  return plan;
}

std::shared_ptr<queue::ProducerEnd> open_end(const config::Options& options, const proto::StreamMeta& meta,
                                             std::optional<std::uint64_t> samples) {
  try {
    return queue::open_producer_end(queue::parse_uri(options.queue.uri), meta, plan(options, meta, samples));
  } catch (const std::invalid_argument& error) {
    throw config::UsageError(error.what());
  }
}

void say_what_is_streamed(const config::Options& options, const proto::StreamMeta& meta) {
  spdlog::info("stream {}: {} over {}, vocabulary {}, {} B a sample", meta.fingerprint, meta.provider, meta.dataset_name,
               meta.vocab_size, meta.schema.bytes_per_sample());
  spdlog::info("to {}, {} thread{}", options.queue.uri, options.producer.threads, options.producer.threads == 1 ? "" : "s");
}

}  // namespace

Prepared prepare(const config::Options& options, std::optional<std::uint64_t> samples) {
  const Stream stream = open_stream(options);
  say_what_is_streamed(options, stream.meta);
  const auto end = open_end(options, stream.meta, samples);
  const auto start = Clock::now();
  Prepared result;
  {
    Producer producer(stream.provider, end, options.producer.threads);
    config::Progress progress;
    std::uint64_t shown = 0;
    auto shown_at = start;
    while (!config::stop_requested()) {
      producer.check();
      if (samples && (producer.train_samples() >= *samples || end->complete())) break;
      progress.update([&] {
        const std::uint64_t done = producer.samples();
        const double rate = static_cast<double>((done - shown) * stream.meta.block_size) / seconds_since(shown_at);
        shown = done;
        shown_at = Clock::now();
        return fmt::format("{} samples out, {:.2f} M tokens/s; {}", done, rate / 1e6, end->state());
      });
      std::this_thread::sleep_for(kLookEvery);
    }
    progress.clear();
    result.samples = producer.samples();
  }
  result.tokens = result.samples * stream.meta.block_size;
  result.seconds = seconds_since(start);
  return result;
}

}  // namespace millrace::producer
