// One process: its ranks, device and monitor, and the runs it trains with them (train.h).
#include "trainer/training/train.h"

#include <chrono>
#include <memory>

#include "base/text.h"
#include "endpoint/open_monitor.h"
#include "telemetry/stream_metrics.h"
#include "trainer/base/log.h"
#include "trainer/data/watched_source.h"
#include "trainer/device/machine.h"
#include "trainer/distributed/rank_status.h"
#include "trainer/run/run_schedule.h"
#include "trainer/training/start.h"
#include "trainer/training/train_loop.h"

namespace millrace::trainer {
namespace {

constexpr std::chrono::seconds kHealthPatience{60};  // beyond train.timeout_s

/// The parts that a process has once, however many models it trains one after the other.
class Process {
 public:
  /// `datasets`: those of --all.
  Process(const config::Options& options, const std::string& datasets)
      : env_(distributed_env_from_environment()),
        monitor_(endpoint::open_monitor(
            options.watch, kHealthPatience + std::chrono::seconds(options.train.timeout_s),
            env_.rank, {{"rank", std::to_string(env_.rank)}})),
        device_(choose_device(options.train.device, env_.local_rank)),
        precision_(choose_precision(options.train.dtype, device_)),
        ranks_(env_, options.train.timeout_s, facts(options, datasets), monitor_->health()) {
    prepare_cpu(options.train.threads);
    make_graph_ = graph_factory(options.train, device_);
    if (ranks_.connect(device_) && ranks_.is_rank0()) {
      log_info("gradients go from GPU to GPU by NCCL");
    }
  }

  [[nodiscard]] ProcessGroup& ranks() { return ranks_; }
  /// The last of its operations.
  void end() { ranks_.shutdown("the end"); }

  void train(const config::Options& options, const TrainRequest& request, const Start& start) {
    const auto source = open_same_stream(options, start, ranks_, *monitor_);
    if (!source) {
      if (ranks_.is_rank0()) log_info("stopped before its data came; there is nothing to save");
      return;
    }
    telemetry::export_stream_info(monitor_->registry(), source->meta().fingerprint,
                                  source->meta().provider);
    WatchedSource watched(*source, monitor_->health());
    train_on(options, start, watched,
             {ranks_, device_, precision_, *monitor_, /*ahead=*/!device_.is_cpu(), make_graph_},
             request.record_path);
  }

 private:
  [[nodiscard]] RunFacts facts(const config::Options& options, const std::string& datasets) const {
    RunFacts all = run_facts(options, precision_);
    if (!datasets.empty()) all["--all"] = datasets;
    return all;
  }

  DistributedEnv env_;
  std::unique_ptr<telemetry::Monitor> monitor_;
  torch::Device device_;
  Precision precision_;
  ProcessGroup ranks_;
  GraphFactory make_graph_;
};

/// Whether the run has reached its end. False also where the checkpoint does not know how long an
/// epoch is: the stream does.
bool is_done(const config::Options& options, const Start& start) {
  if (!start.resumed || start.state.evaluation_due) return false;
  if (counts_epochs(options.train) && !start.state.meta.epoch_samples) return false;
  return start.state.step >= RunSchedule(options, start.state.meta.epoch_samples).last_step();
}

}  // namespace

void train(const config::Options& options, const TrainRequest& request) try {
  Process process(options, {});
  process.train(options, request, agree_on_start(options, request.resume, process.ranks()));
  process.end();
} catch (const StoppedBeforeMeeting& stopped) {
  log_info(stopped.what());
}

void train_all(const std::vector<config::Options>& recipes) try {
  Process process(recipes.front(), base::joined(recipes, ", ", [](const config::Options& options) {
                    return options.data.dataset;
                  }));
  const TrainRequest request{.resume = {.how = Resume::kAuto, .folder = {}}, .record_path = {}};
  for (const config::Options& options : recipes) {
    const bool stop = run_and_sync(
                          process.ranks(), [] { return RankStatus{}; }, "the next dataset")
                          .stop > 0;
    if (stop) break;
    const Start start = agree_on_start(options, request.resume, process.ranks());
    const std::string dataset = "dataset " + options.data.dataset;
    const bool done = is_done(options, start);
    if (process.ranks().is_rank0()) {
      log_info(dataset + (done ? ": done, step " + std::to_string(start.state.step)
                               : " in " + options.train.out_dir));
    }
    if (!done) {
      process.train(options, request, start);
    }
  }
  process.end();
} catch (const StoppedBeforeMeeting& stopped) {
  log_info(stopped.what());
}

}  // namespace millrace::trainer
