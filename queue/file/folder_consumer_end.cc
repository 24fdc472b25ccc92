#include "queue/file/folder_consumer_end.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "proto/chunk_file.h"
#include "proto/files.h"
#include "proto/meta_json.h"
#include "queue/ends/poll_backoff.h"
#include "queue/ends/range_order.h"
#include "queue/file/chunk_plan.h"
#include "queue/file/folder.h"
#include "queue/file/quarantine.h"
#include "queue/file/run_heartbeat.h"
#include "queue/file/run_monitor.h"
#include "queue/file/sweep.h"
#include "telemetry/stream_metrics.h"

namespace millrace::queue {
namespace {

using proto::Split;

constexpr Milliseconds kLookAtLeastEvery{10};
/// The group's file and the sweep cost as much as a chunk's file does; producers look no more
/// often.
constexpr Milliseconds kPublishAtMostEvery{5};

class FolderConsumerEnd final : public ConsumerEnd {
 public:
  FolderConsumerEnd(std::filesystem::path queue, const Expectation& expected, FolderRun run,
                    proto::Disk& disk, Clock clock)
      : queue_(std::move(queue)),
        admission_(expected),
        run_(std::move(run)),
        disk_(disk),
        clock_(std::move(clock)),
        metrics_(run_.registry) {}

  std::optional<proto::StreamMeta> wait_for_stream(Milliseconds timeout) override {
    const Time deadline = clock_() + timeout;
    while (!stream_ && !look_for_stream()) {
      if (!pause_before(deadline)) return std::nullopt;
    }
    return stream_->meta;
  }

  std::uint32_t range_samples() const override { return stream_->plan.chunk_samples(); }

  void request(const proto::Range& range) override {
    wanted_.emplace(range, stream_->plan.chunk_around(range));
  }

  std::optional<proto::Batch> receive(Milliseconds timeout) override {
    const Time deadline = clock_() + timeout;
    for (;;) {
      publish_if_due();
      if (keeper_) keeper_->beat(clock_());
      if (auto batch = read_first_there()) {
        interval_.found();
        return batch;
      }
      say_who_is_at_work();
      if (!pause_before(deadline)) return std::nullopt;
    }
  }

  void release(Split split, std::uint64_t cursor) override {
    if (split != Split::kTrain) return;
    const std::uint64_t before = std::exchange(run_.cursor, cursor);
    due_ = due_ || before / range_samples() != cursor / range_samples();
    publish_if_due();
  }

  void set_stage_log(const proto::StageLog& log) override {
    std::erase_if(wanted_, [&](const auto& wanted) { return !proto::agrees(log, wanted.first); });
    if (std::exchange(run_.stage_log, log) != log && stream_) publish();
  }

  WaitState state() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  /// What is known once the stream is.
  struct Stream {
    proto::StreamMeta meta;
    Folder folder;
    ChunkPlan plan;
    RunMonitor watch;
  };
  /// A range, and the chunk that it lies in.
  using Wanted = std::map<proto::Range, proto::Range, Sooner>;

  /// False: it is time.
  bool pause_before(Time deadline) {
    const Time now = clock_();
    if (now >= deadline) return false;
    std::this_thread::sleep_for(std::min<Time::duration>(interval_.next(), deadline - now));
    return true;
  }

  /// The newest stream in the queue that is admitted.
  bool look_for_stream() {
    std::string refusal;
    std::optional<std::pair<std::int64_t, proto::StreamMeta>> best;
    for (const std::string& name : disk_.list(queue_)) {
      const auto path = queue_ / name / Folder::kMeta;
      const auto entry = disk_.stat(path);
      const auto meta = entry ? read_meta(path) : std::nullopt;
      if (!meta || meta->fingerprint != name) continue;
      if (const auto reason = admission_.mismatch(*meta)) {
        refusal = *reason;
      } else if (!best || entry->written_ns > best->first) {
        best = {entry->written_ns, *meta};
      }
    }
    if (!best) {
      say(refusal.empty()
              ? "no stream in " + queue_.string() + ": start `prepare` with the same recipe"
              : "only streams of other settings in " + queue_.string() + " (" + refusal + ")");
      return false;
    }
    accept(best->second);
    return true;
  }

  std::optional<proto::StreamMeta> read_meta(const std::filesystem::path& path) const try {
    return proto::meta_from_json(proto::read_file(path, disk_));
  } catch (const std::exception& error) {
    spdlog::debug("{}: {}", path.string(), error.what());
    return std::nullopt;
  }

  void accept(const proto::StreamMeta& meta) {
    admission_.pin(meta);
    const Folder folder(queue_, meta.fingerprint, disk_);
    if (run_.leads) keeper_.emplace(folder, run_.run_id);
    stream_.emplace(Stream{meta, folder, ChunkPlan(meta), RunMonitor(folder)});
    say("no chunk yet in " + folder.root().string() + ": is `prepare` running?");
    publish();
  }

  std::optional<proto::Batch> read_first_there() {
    for (auto wanted = wanted_.begin(); wanted != wanted_.end(); ++wanted) {
      const auto& [range, around] = *wanted;
      const auto whole = read(around);
      if (!whole) continue;
      auto batch = proto::slice(stream_->meta.schema, *whole, range.first, range.count);
      wanted_.erase(wanted);
      return batch;
    }
    return std::nullopt;
  }

  /// A whole chunk, verified; empty where it is not there, or was damaged and is not any more.
  std::optional<proto::Batch> read(const proto::Range& around) {
    const auto path = stream_->folder.chunk(around.split, {around.first, around.stage});
    if (!disk_.stat(path)) return std::nullopt;
    say("reading " + path.string(), telemetry::WaitCause::kDisk);
    proto::Chunk chunk = proto::read_chunk(path, disk_);
    if (chunk.status == proto::ChunkStatus::kMissing) return std::nullopt;
    if (chunk.status == proto::ChunkStatus::kOk && chunk.fingerprint == stream_->meta.fingerprint &&
        chunk.batch.range == around && proto::fits(stream_->meta.schema, chunk.batch)) {
      return std::move(chunk.batch);
    }
    drop(path, chunk.status == proto::ChunkStatus::kOk ? "of another stream or range"
                                                       : proto::describe(chunk.status));
    return std::nullopt;
  }

  void drop(const std::filesystem::path& path, std::string_view why) {
    if (!set_aside(stream_->folder, path)) return;
    metrics_.damaged(why).add();
    spdlog::warn("{}: {}; moved to quarantine/, to be computed again (damaged files so far: {})",
                 path.string(), why, ++damaged_);
  }

  /// At least two chunks, so that one is ready when the other is used up.
  std::uint64_t window_samples() const {
    return std::max<std::uint64_t>(run_.train_window.samples_of(stream_->meta.schema),
                                   2 * std::uint64_t{range_samples()});
  }

  void publish_if_due() {
    const Time now = clock_();
    if (!due_ || now - told_used_ < kPublishAtMostEvery) return;
    told_used_ = now;
    publish();
  }

  /// Says where the run stands, and deletes what no run needs any more.
  void publish() {
    due_ = false;
    if (!keeper_) return;
    proto::Group& group = keeper_->group();
    group.window(Split::kTrain) = {run_.cursor, run_.cursor + window_samples()};
    group.window(Split::kVal) = {0, run_.eval_samples};
    group.stage_log = run_.stage_log;
    keeper_->write(clock_());
    std::vector<proto::Group> runs = stream_->watch.alive(clock_());
    std::erase_if(runs, [&](const proto::Group& other) { return other.run_id == group.run_id; });
    runs.push_back(group);
    sweep(stream_->folder, stream_->plan, runs);
  }

  /// A claim shows that a producer is at work; it may be a dead one's for a while.
  void say_who_is_at_work() {
    if (wanted_.empty()) return;
    const proto::Range& soonest = wanted_.begin()->second;
    const proto::ChunkKey key{soonest.first, soonest.stage};
    const std::string chunk = stream_->folder.chunk(soonest.split, key).string();
    if (disk_.stat(stream_->folder.claim(soonest.split, key))) {
      say("a producer is at work on " + chunk, telemetry::WaitCause::kProvider);
    } else {
      say("nobody is at work on " + chunk + ": is `prepare` running?");
    }
  }

  void say(std::string words, telemetry::WaitCause cause = telemetry::WaitCause::kNoProducer) {
    const std::lock_guard lock(mutex_);
    state_ = {cause, std::move(words)};
  }

  std::filesystem::path queue_;
  Admission admission_;
  FolderRun run_;
  proto::Disk& disk_;
  Clock clock_;
  std::optional<Stream> stream_;
  std::optional<RunHeartbeat> keeper_;  ///< of rank 0
  Wanted wanted_;
  bool due_ = false;  ///< a chunk was used up, and the group's file does not say so yet
  Time told_used_{};  ///< when it last did for that reason
  PollBackoff interval_{kLookAtLeastEvery};
  telemetry::QueueMetrics metrics_;
  std::uint64_t damaged_ = 0;
  mutable std::mutex mutex_;  // state_
  WaitState state_;
};

}  // namespace

std::unique_ptr<ConsumerEnd> make_folder_consumer_end(const std::filesystem::path& queue,
                                                      const Expectation& expected,
                                                      const FolderRun& run, proto::Disk& disk,
                                                      Clock clock) {
  return std::make_unique<FolderConsumerEnd>(queue, expected, run, disk, std::move(clock));
}

}  // namespace millrace::queue
