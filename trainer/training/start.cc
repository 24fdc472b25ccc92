// The common start of all ranks (start.h).
#include "trainer/training/start.h"

#include <torch/version.h>

#include <algorithm>

#include "config/app/version.h"
#include "config/errors.h"
#include "config/keys.h"
#include "config/output_folder.h"
#include "config/sizes.h"
#include "config/stream_keys.h"
#include "config/value_text.h"
#include "proto/files.h"
#include "queue/ends/secret.h"
#include "trainer/data/open_stream.h"
#include "trainer/distributed/rank_status.h"
#include "trainer/run/metrics.h"
#include "trainer/run/stage_plan.h"

namespace millrace::trainer {
namespace {

/// Keys of [train] that a rank uses for itself, or rank 0 alone.
constexpr std::string_view kOwnKeys[] = {"device",    "threads",          "cuda_graphs", "out_dir",
                                         "timeout_s", "keep_checkpoints", "log_interval"};

bool shared_by_ranks(const config::Key& key, const config::Options& options) {
  switch (key.shapes) {
    case config::Shapes::kStream: return key.counts == nullptr || key.counts(options);
    case config::Shapes::kModel:
    case config::Shapes::kOptimizer: return true;
    case config::Shapes::kRun:
      return key.section == "train" && std::ranges::find(kOwnKeys, key.name) == std::end(kOwnKeys);
  }
  return false;
}

// Rank 0's message to the others: one of these letters, then a text.
constexpr char kNew = 'N';      // a new run: its id
constexpr char kResumed = 'R';  // a resumed run: its trainer state as JSON
constexpr char kRefused = 'E';  // the request is refused: the error
constexpr char kFailed = 'F';   // the output folder cannot be used: the error

std::string find_start_message(const config::Options& options, const ResumeRequest& request,
                               ProcessGroup& ranks, Start& start) try {
  const LongWork work(ranks, "looking for a checkpoint");
  config::refuse_in_dataset(options.data, options.train.out_dir, "train.out_dir");
  start.out_dir = std::make_shared<const OutDirLock>(options.train.out_dir);
  refuse_foreign_metrics(options.train.out_dir);
  const auto found = find_start(options, request);
  if (!found) return kNew + proto::random_id();
  check_stage_log(options, *found);
  start.folder = found->folder;
  return kResumed + proto::to_json(found->state);
} catch (const config::UsageError& error) {
  return kRefused + std::string(error.what());
} catch (const std::exception& error) {
  return kFailed + std::string(error.what());
}

/// The ranks wait for data together, so that waiting ranks notice one that stops, fails or dies.
/// Empty: asked to stop.
std::unique_ptr<consumer::BatchSource> open_together(const config::Options& options,
                                                     const StreamRequest& request,
                                                     ProcessGroup& ranks) {
  const LongWork work(ranks, "opening the stream");  // inproc:// may have to index the dataset
  std::optional<StreamOpening> opening;
  std::unique_ptr<consumer::BatchSource> source;
  for (;;) {
    const RankStatus all = run_and_sync(
        ranks,
        [&] {
          if (!opening) opening.emplace(options, request);
          // Opened at once, not once all ranks have met it: other ranks may meet the stream
          // through this one.
          if (!source && opening->wait_for_stream()) source = opening->source();
          return RankStatus{.waiting = source ? 0.0 : 1.0};
        },
        "opening the stream");
    if (all.stop > 0) return nullptr;
    if (all.waiting == 0) return source;
  }
}

}  // namespace

RunFacts run_facts(const config::Options& options, const Precision& precision) {
  RunFacts facts;
  for (const config::Key& key : config::keys()) {
    const config::Value value = key.get(options);
    if (!shared_by_ranks(key, options) || std::holds_alternative<std::monostate>(value)) continue;
    facts[key.full_name()] = config::to_toml(value);
  }
  facts["provider.name"] = config::provider_name(options);  // of a shared library not its path
  facts["train.dtype"] = name_of(precision.compute);
  facts["the version of millrace"] = config::version();
  facts["the version of LibTorch"] = TORCH_VERSION;
  return facts;
}

Start agree_on_start(const config::Options& options, const ResumeRequest& request,
                     ProcessGroup& ranks) {
  Start start;
  const std::string message =
      ranks.broadcast(ranks.is_rank0() ? find_start_message(options, request, ranks, start) : "",
                      "the choice of a checkpoint");
  const std::string text = message.substr(1);
  if (message[0] == kRefused) {
    throw config::UsageError(ranks.is_rank0() ? text : "rank 0 refused: " + text);
  }
  if (message[0] == kFailed) {
    throw std::runtime_error(ranks.is_rank0() ? text : "rank 0 failed: " + text);
  }
  start.resumed = message[0] == kResumed;
  if (start.resumed) {
    start.state = proto::trainer_state_from_json(text);
  } else {
    start.state.run_id = text;
    start.state.stage_log = first_stage_log(options);
    start.state.seed = options.train.seed;
  }
  return start;
}

std::optional<std::uint64_t> agreed_epoch_samples(const proto::StreamMeta& meta,
                                                  ProcessGroup& ranks) {
  const std::uint64_t samples = std::stoull(
      ranks.broadcast(std::to_string(meta.epoch_samples.value_or(0)), "the samples of an epoch"));
  return samples > 0 ? std::optional(samples) : std::nullopt;
}

consumer::BatchSharding sharding_of(const config::TrainOptions& train, const ProcessGroup& ranks) {
  return {train.batch_size, train.gradient_accumulation_steps, ranks.rank(), ranks.world_size()};
}

std::unique_ptr<consumer::BatchSource> open_same_stream(const config::Options& options,
                                                        const Start& start, ProcessGroup& ranks,
                                                        telemetry::Monitor& monitor) {
  StreamRequest request;
  request.registry = &monitor.registry();
  request.health = &monitor.health();
  request.sharding = sharding_of(options.train, ranks);
  request.cursor = start.state.cursor;
  request.stage_log = start.state.stage_log;
  // An evaluation that was cut short is repeated, also where the recipe has no other.
  request.eval_samples = start.state.evaluation_due
                             ? options.train.eval_iters * options.train.batch_size
                             : config::eval_samples(options);
  request.run_id = start.state.run_id;
  request.rank_secret =
      ranks.broadcast(ranks.is_rank0() ? queue::random_secret() : "", "the secret of the ranks");
  if (start.resumed) request.pinned = start.state.meta;
  auto source = open_together(options, request, ranks);
  if (!source) return nullptr;
  const std::string first = ranks.broadcast(source->meta().fingerprint, "comparing streams");
  const bool same = first == source->meta().fingerprint;
  const RankStatus all = sync_status(ranks, {.failed = same ? 0.0 : 1.0}, "comparing streams");
  if (all.failed > 0) {
    throw std::runtime_error("this rank's stream is " + source->meta().fingerprint +
                             " and rank 0's is " + first +
                             "; give every rank the same recipe and data");
  }
  return source;
}

}  // namespace millrace::trainer
