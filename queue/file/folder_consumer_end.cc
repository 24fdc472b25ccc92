// The trainer's end of file:// (file_transport.h).
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "proto/chunk_file.h"
#include "proto/files.h"
#include "proto/meta_json.h"
#include "queue/ends/poll_backoff.h"
#include "queue/ends/range_order.h"
#include "queue/file/chunk_plan.h"
#include "queue/file/file_transport.h"
#include "queue/file/folder.h"
#include "queue/file/producer_heartbeat.h"
#include "queue/file/quarantine.h"
#include "queue/file/run_heartbeat.h"
#include "queue/file/run_monitor.h"
#include "queue/file/sweep.h"
#include "telemetry/stream_metrics.h"

namespace millrace::queue {
namespace {

using proto::Split;

constexpr Milliseconds kLongestPause{10};  // between two looks at the folder
/// The least time between two writes of the group's file because chunks were used up: the file and
/// the sweep cost as much as a chunk's file does.
constexpr Milliseconds kPublishAtMostEvery{5};

/// Throws std::runtime_error if a file, or a link that leads nowhere, is in the way, so that no producer can make the folder.
void check_place(const std::filesystem::path& queue, proto::Disk& disk) {
  for (std::filesystem::path at = queue; !at.empty(); at = at.parent_path()) {
    const auto entry = disk.stat(at);
    const bool leads_nowhere = !entry && disk.link_target(at);
    if (leads_nowhere || (entry && !entry->is_folder)) {
      throw std::runtime_error(at.string() +
                               ": it is no folder, so that no queue can be there; move it away, or "
                               "name another folder with --queue.uri");
    }
    if (entry || at == at.parent_path()) return;
  }
}

class FolderConsumerEnd final : public ConsumerEnd {
 public:
  FolderConsumerEnd(std::filesystem::path queue, const Expectation& expected, ConsumerPlan plan,
                    proto::Disk& disk, Clock clock)
      : queue_(std::move(queue)),
        admission_(expected),
        plan_(std::move(plan)),
        disk_(disk),
        clock_(std::move(clock)),
        metrics_(*plan_.registry) {
    check_place(queue_, disk_);
  }

  std::optional<proto::StreamMeta> wait_for_stream(Milliseconds timeout) override {
    const Time deadline = clock_() + timeout;
    while (!stream_ && !look_for_stream()) {
      if (!pause_before(deadline)) return std::nullopt;
    }
    return stream_->meta;
  }

  std::uint32_t range_samples() const override { return stream_->chunks.chunk_samples(); }

  void request(const proto::Range& range) override {
    requested_.emplace(range, stream_->chunks.chunk_around(range));
  }

  std::optional<proto::Batch> receive(Milliseconds timeout) override {
    const Time deadline = clock_() + timeout;
    for (;;) {
      publish_if_due();
      if (heartbeat_) heartbeat_->beat(clock_());
      if (auto batch = read_first_there()) {
        backoff_.found();
        return batch;
      }
      update_state();
      if (!pause_before(deadline)) return std::nullopt;
    }
  }

  void release(Split split, std::uint64_t cursor) override {
    if (split != Split::kTrain) return;
    const std::uint64_t before = std::exchange(plan_.cursor, cursor);
    publish_due_ = publish_due_ || before / range_samples() != cursor / range_samples();
    publish_if_due();
  }

  void set_stage_log(const proto::StageLog& log) override {
    std::erase_if(requested_,
                  [&](const auto& requested) { return !proto::agrees(log, requested.first); });
    if (std::exchange(plan_.stage_log, log) != log && stream_) publish();
  }

  WaitState state() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  /// The accepted stream, and what depends on it.
  struct Stream {
    proto::StreamMeta meta;
    Folder folder;
    ChunkPlan chunks;
    RunMonitor runs;
  };
  /// Requested ranges, each with the chunk that contains it.
  using Requested = std::map<proto::Range, proto::Range, Sooner>;

  /// False: the deadline has passed.
  bool pause_before(Time deadline) {
    const Time now = clock_();
    if (now >= deadline) return false;
    std::this_thread::sleep_for(std::min<Time::duration>(backoff_.next(), deadline - now));
    return true;
  }

  /// A stream in the queue that matches.
  struct Match {
    std::int64_t written_ns;
    proto::StreamMeta meta;
    bool alive;  ///< it has a producer
  };

  /// Accepts the stream in the queue that matches; of several the newest that has a producer, else
  /// the newest. False: there is none, or it is not known yet which has a producer.
  bool look_for_stream() {
    std::string refusal;
    std::vector<Match> matches;
    for (const std::string& name : disk_.list(queue_)) {
      const auto path = queue_ / name / Folder::kMeta;
      const auto entry = disk_.stat(path);
      const auto meta = entry ? read_meta(path) : std::nullopt;
      if (!meta || meta->fingerprint != name) continue;
      if (const auto reason = admission_.mismatch(*meta)) {
        refusal = *reason;
      } else {
        const bool alive = producers_.alive(Folder(queue_, meta->fingerprint, disk_), clock_());
        matches.push_back({entry->written_ns, *meta, alive});
      }
    }
    if (matches.empty()) {
      set_state(refusal.empty()
                    ? "no stream in " + queue_.string() + ": start `prepare` with the same recipe"
                    : "only streams of other settings or data in " + queue_.string() + " (" +
                          refusal + ")");
      return false;
    }
    if (matches.size() > 1 && plan_.rank > 0) return accept_as_rank_zero(matches);
    const auto rank = [](const Match& match) { return std::pair(match.alive, match.written_ns); };
    const auto best = std::ranges::max_element(matches, {}, rank);
    const auto newest = std::ranges::max_element(matches, {}, &Match::written_ns);
    if (matches.size() > 1) {
      // The newest will do, once it is seen to have a producer.
      if (!newest->alive && !producers_.has_seen_enough(clock_())) {
        set_state("several streams in " + queue_.string() +
                  " match: looking for one that has a producer");
        return false;
      }
      spdlog::info("{} streams in {} match; taking {} ({}), the newest {}", matches.size(),
                   queue_.string(), best->meta.fingerprint, best->meta.dataset_name,
                   best->alive ? "that has a producer" : "of them, as none has a producer");
    }
    accept(best->meta);
    return true;
  }

  /// Accepts the stream of several that rank 0 has accepted; false: it has not yet.
  bool accept_as_rank_zero(const std::vector<Match>& matches) {
    const auto chosen = std::ranges::find_if(matches, [&](const Match& match) {
      const Folder folder(queue_, match.meta.fingerprint, disk_);
      return disk_.stat(folder.group(plan_.run_id)).has_value();
    });
    if (chosen == matches.end()) {
      set_state("several streams in " + queue_.string() + " match, and rank 0 has not chosen one");
      return false;
    }
    accept(chosen->meta);
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
    if (plan_.rank == 0) heartbeat_.emplace(folder, plan_.run_id);
    stream_.emplace(Stream{meta, folder, ChunkPlan(meta), RunMonitor(folder)});
    set_state("no chunk yet in " + folder.root().string() + ": is `prepare` running?");
    publish();
  }

  std::optional<proto::Batch> read_first_there() {
    for (auto wanted = requested_.begin(); wanted != requested_.end(); ++wanted) {
      const auto& [range, around] = *wanted;
      const auto whole = read(around);
      if (!whole) continue;
      auto batch = proto::slice(stream_->meta.schema, *whole, range.first, range.count);
      requested_.erase(wanted);
      return batch;
    }
    return std::nullopt;
  }

  /// A chunk, verified; empty if it is not there, or was damaged and has been set aside.
  std::optional<proto::Batch> read(const proto::Range& around) {
    const auto path = stream_->folder.chunk(around.split, {around.first, around.stage});
    if (!disk_.stat(path)) return std::nullopt;
    set_state("reading " + path.string(), telemetry::WaitCause::kDisk);
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

  std::uint64_t window_samples() const {
    return plan_.train_window.samples_of(stream_->meta.schema, range_samples());
  }

  void publish_if_due() {
    const Time now = clock_();
    if (!publish_due_ || now - published_ < kPublishAtMostEvery) return;
    published_ = now;
    publish();
  }

  /// Publishes the run's cursor and window, and deletes what no run needs any more.
  void publish() {
    publish_due_ = false;
    if (!heartbeat_) return;
    proto::Group& group = heartbeat_->group();
    group.window(Split::kTrain) = {plan_.cursor, plan_.cursor + window_samples()};
    group.window(Split::kVal) = {0, plan_.eval_samples};
    group.stage_log = plan_.stage_log;
    heartbeat_->write(clock_());
    std::vector<proto::Group> runs = stream_->runs.alive(clock_());
    std::erase_if(runs, [&](const proto::Group& other) { return other.run_id == group.run_id; });
    runs.push_back(group);
    sweep(stream_->folder, stream_->chunks, runs);
  }

  /// A claim shows that a producer is at work on a chunk; for a while it may be a dead one's.
  void update_state() {
    if (requested_.empty()) return;
    const proto::Range& next = requested_.begin()->second;
    const proto::ChunkKey key{next.first, next.stage};
    const std::string chunk = stream_->folder.chunk(next.split, key).string();
    if (disk_.stat(stream_->folder.claim(next.split, key))) {
      set_state("a producer is at work on " + chunk, telemetry::WaitCause::kProvider);
    } else {
      set_state("nobody is at work on " + chunk + ": is `prepare` running?");
    }
  }

  void set_state(std::string words,
                 telemetry::WaitCause cause = telemetry::WaitCause::kNoProducer) {
    const std::lock_guard lock(mutex_);
    state_ = {cause, std::move(words)};
  }

  std::filesystem::path queue_;
  Admission admission_;
  ConsumerPlan plan_;  ///< cursor and stage_log are kept up to date
  proto::Disk& disk_;
  Clock clock_;
  ProducerMonitor producers_;  ///< until a stream is accepted
  std::optional<Stream> stream_;
  std::optional<RunHeartbeat> heartbeat_;  ///< rank 0's
  Requested requested_;
  bool publish_due_ = false;  ///< a chunk was used up, and the group's file does not show it yet
  Time published_{};          ///< when the file was written last for that reason
  PollBackoff backoff_{kLongestPause};
  telemetry::QueueMetrics metrics_;
  std::uint64_t damaged_ = 0;
  mutable std::mutex mutex_;  // state_
  WaitState state_;
};

}  // namespace

std::unique_ptr<ConsumerEnd> make_folder_consumer_end(const std::filesystem::path& queue,
                                                      const Expectation& expected,
                                                      const ConsumerPlan& plan, proto::Disk& disk,
                                                      Clock clock) {
  return std::make_unique<FolderConsumerEnd>(queue, expected, plan, disk, std::move(clock));
}

}  // namespace millrace::queue
