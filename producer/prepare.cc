// The work of `prepare` (prepare.h).
#include "producer/prepare.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "config/app/malloc_tuning.h"
#include "config/app/progress.h"
#include "config/app/stop.h"
#include "config/sizes.h"
#include "endpoint/open_monitor.h"
#include "endpoint/window.h"
#include "producer/open_ends.h"
#include "producer/producer.h"
#include "producer/stream.h"
#include "providers/masking/stage_schedule.h"
#include "telemetry/scoped_timer.h"

namespace millrace::producer {
namespace {

using Clock = std::chrono::steady_clock;
using telemetry::seconds_since;

constexpr std::chrono::milliseconds kUpdateEvery{50};
constexpr std::chrono::seconds kPatience{60};  // far longer than reading a text takes

queue::ProducerPlan plan(const config::Options& options, const proto::StreamMeta& meta,
                         std::optional<std::uint64_t> samples) {
  queue::ProducerPlan plan;
  plan.capacity = options.producer.threads;
  plan.ahead[static_cast<std::size_t>(proto::Split::kTrain)] =
      std::max(endpoint::train_window(options).samples_of(meta.schema), samples.value_or(0));
  plan.ahead[static_cast<std::size_t>(proto::Split::kVal)] = config::eval_samples(options);
  if (providers::named_by_trainer(providers::schedule_from(options.provider.schedule))) {
    plan.stage_log = {{0, 0}};
  }
  return plan;
}

void log_stream(const config::Options& options, const proto::StreamMeta& meta) {
  spdlog::info("stream {}: {} over {}, vocabulary {}, {} B a sample", meta.fingerprint,
               meta.provider, meta.dataset_name, meta.vocab_size, meta.schema.bytes_per_sample());
  spdlog::info("to {}, {}", options.queue.uri, base::counted(options.producer.threads, "thread"));
}

/// Updates the progress line and the health check while the workers work.
class Display {
 public:
  Display(const Producer& producer, const queue::ProducerEnd& end, std::uint32_t tokens_per_sample,
          telemetry::Health& health)
      : producer_(producer), end_(end), tokens_per_sample_(tokens_per_sample), health_(health) {}

  void update() {
    health_.alive(end_.state());
    progress_.update([this] { return line(); });
  }

 private:
  std::string line() {
    const std::uint64_t done = producer_.samples();
    const double rate =
        static_cast<double>((done - shown_) * tokens_per_sample_) / seconds_since(shown_at_);
    shown_ = done;
    shown_at_ = Clock::now();
    return fmt::format("{} samples out, {:.2f} M tokens/s; {}", done, rate / 1e6, end_.state());
  }

  const Producer& producer_;
  const queue::ProducerEnd& end_;
  const std::uint32_t tokens_per_sample_;
  telemetry::Health& health_;
  config::Progress progress_;
  std::uint64_t shown_ = 0;
  Clock::time_point shown_at_ = Clock::now();
};

/// Returns when the process is asked to stop or, if `samples` is given, when they are delivered. A
/// failure shows in the health check while other workers finish.
void wait_for_end(const Producer& producer, const queue::ProducerEnd& end,
                  std::optional<std::uint64_t> samples, std::uint32_t tokens_per_sample,
                  telemetry::Health& health) try {
  Display display(producer, end, tokens_per_sample, health);
  while (!config::stop_requested()) {
    producer.check();
    if (samples && (producer.train_samples() >= *samples || end.complete())) return;
    display.update();
    std::this_thread::sleep_for(kUpdateEvery);
  }
} catch (const std::exception& error) {
  health.failed(error.what());
  throw;
}

}  // namespace

Prepared prepare(const config::Options& options, std::optional<std::uint64_t> samples) {
  const auto monitor = endpoint::open_monitor(options.watch, kPatience);
  const Stream stream = open_stream(options);
  log_stream(options, stream.meta);
  telemetry::export_stream_info(monitor->registry(), stream.meta.fingerprint, stream.meta.provider);
  const std::shared_ptr<queue::ProducerEnd> end =
      open_producer_end(options, stream.meta, plan(options, stream.meta, samples));
  config::keep_freed_memory();
  const auto start = Clock::now();
  Prepared result;
  {
    Producer producer(stream.provider, end, options.producer.threads, monitor->registry());
    wait_for_end(producer, *end, samples, stream.meta.block_size, monitor->health());
    result.samples = producer.samples();
  }
  result.tokens = result.samples * stream.meta.block_size;
  result.seconds = seconds_since(start);
  return result;
}

}  // namespace millrace::producer
