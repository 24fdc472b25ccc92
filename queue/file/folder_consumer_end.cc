// The trainer's end of file:// (file_transport.h).
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "proto/batch_values.h"
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

/// The most errors of a run about other users' files that are logged: each file once.
constexpr std::size_t kMostNamed = 100;

/// Throws std::runtime_error if a file, or a link that leads nowhere, is in the way.
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

/// Whether there is a stream that this process can read. A folder without a meta is none yet.
bool holds_stream(const std::filesystem::path& queue, proto::Disk& disk) {
  return std::ranges::any_of(streams_in(queue, disk), [&](const std::string& name) {
    try {
      return disk.stat(Folder(queue, name, disk).meta()).has_value();
    } catch (const proto::DiskError&) {
      return false;
    }
  });
}

/// Throws DiskError if no file can be written into the folder.
void try_to_write(const std::filesystem::path& folder, proto::Disk& disk) {
  static constexpr std::string_view kPieces[] = {"x"};
  const std::filesystem::path file = proto::temporary_name(folder / "probe");
  try {
    disk.write_new(file, kPieces);
    disk.remove(file);
  } catch (const proto::DiskError& error) {
    proto::try_remove(file, disk);
    throw proto::DiskError(folder, "cannot write to it", error.reason());
  }
}

/// Makes the queue's folder where it is missing. Throws std::runtime_error if it cannot be made or
/// read, or, for one that `writes`, if no stream can come into it. Where there is a stream, room on
/// a full disk is waited for.
void open_place(const std::filesystem::path& queue, proto::Disk& disk, bool writes) try {
  check_place(queue, disk);
  proto::make_folders(queue, disk);
  if (!holds_stream(queue, disk) && writes) try_to_write(queue, disk);
} catch (const proto::DiskError& error) {
  throw std::runtime_error(std::string(error.what()) +
                           "; the queue cannot be there: name another folder with --queue.uri");
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
    open_place(queue_, disk_, plan_.rank == 0);
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
    try {
      for (const std::string& name : streams_in(queue_, disk_)) {
        if (auto match = matching(name, refusal)) matches.push_back(std::move(*match));
      }
    } catch (const proto::DiskError& error) {
      set_state(error.what());  // it could be read at the start, and may be again
      return false;
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
      return proto::read_group(folder.group(plan_.run_id), disk_).has_value();
    });
    if (chosen == matches.end()) {
      set_state("several streams in " + queue_.string() + " match, and rank 0 has not chosen one");
      return false;
    }
    accept(chosen->meta);
    return true;
  }

  /// The stream if it matches; sets `refusal` where its settings are others. A folder that cannot
  /// be read is somebody else's.
  std::optional<Match> matching(const std::string& name, std::string& refusal) try {
    const Folder folder(queue_, name, disk_);
    const auto entry = disk_.stat(folder.meta());
    if (!entry) return std::nullopt;
    proto::StreamMeta meta = read_meta(folder);
    if (const auto reason = admission_.mismatch(meta)) {
      refusal = *reason;
      return std::nullopt;
    }
    const bool alive = producers_.alive(folder, clock_());
    return Match{entry->written_ns, std::move(meta), alive};
  } catch (const proto::DiskError& error) {
    if (error.reason() != ENOENT &&
        name_once(std::string(error.what()) + "; skipping the stream")) {
      metrics_.damaged(proto::describe(proto::ChunkStatus::kUnreadable)).add();
    }
    return std::nullopt;
  } catch (const std::exception& error) {  // no meta, or half of one
    spdlog::debug("{}", error.what());
    return std::nullopt;
  }

  /// Logs a warning the first time; whether it was.
  bool name_once(const std::string& warning) {
    if (named_.size() == kMostNamed || !named_.insert(warning).second) return false;
    spdlog::warn("{}", warning);
    return true;
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
    trouble_.reset();
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

  /// A chunk, verified; empty if it is not there, or was damaged and has been set aside. Where that
  /// fails it is left, and tried again.
  std::optional<proto::Batch> read(const proto::Range& around) try {
    const auto path = stream_->folder.chunk(around.split, {around.first, around.stage});
    if (!disk_.stat(path)) return std::nullopt;
    set_state("reading " + path.string(), telemetry::WaitCause::kDisk);
    proto::Chunk chunk = proto::read_chunk(path, disk_);
    if (chunk.status == proto::ChunkStatus::kMissing) return std::nullopt;
    if (chunk.status == proto::ChunkStatus::kOk && chunk.fingerprint == stream_->meta.fingerprint &&
        chunk.batch.range == around && proto::fits(stream_->meta.schema, chunk.batch)) {
      const auto error = proto::invalid_value(stream_->meta, chunk.batch);
      if (!error) return std::move(chunk.batch);
      drop(path, proto::kInvalidValues, ": " + *error);
      return std::nullopt;
    }
    drop(path, chunk.status == proto::ChunkStatus::kOk ? "of another stream or range"
                                                       : proto::describe(chunk.status));
    return std::nullopt;
  } catch (const proto::DiskError& error) {
    name_once(error.what());
    if (!trouble_) trouble_ = error.what();
    return std::nullopt;
  }

  /// `why`: one of a few texts. `detail` follows it in the log.
  void drop(const std::filesystem::path& path, std::string_view why,
            const std::string& detail = {}) {
    try {
      if (!set_aside(stream_->folder, path)) return;
    } catch (const proto::DiskError& error) {
      trouble_ = path.string() + ": " + std::string(why) + detail + ", and cannot be moved away (" +
                 std::strerror(error.reason()) + "): remove it";
      if (name_once(*trouble_)) metrics_.damaged(why).add();
      return;
    }
    metrics_.damaged(why).add();
    spdlog::warn("{}: {}{}; moved to quarantine/, to be computed again (damaged files so far: {})",
                 path.string(), why, detail, ++damaged_);
  }

  std::uint64_t window_samples() const {
    return plan_.train_window.samples_of(stream_->meta.schema, range_samples());
  }

  void publish_if_due() {
    const Time now = clock_();
    const bool used_up = publish_due_ && now - published_ >= kPublishAtMostEvery;
    if (used_up) published_ = now;
    if (used_up || (heartbeat_ && heartbeat_->is_due(now))) publish();
  }

  /// Publishes the run's cursor and window, and deletes what no run needs any more.
  void publish() {
    publish_due_ = false;
    if (!heartbeat_) return;
    proto::Group& group = heartbeat_->group();
    group.window(Split::kTrain) = {plan_.cursor, plan_.cursor + window_samples()};
    group.window(Split::kVal) = {0, plan_.eval_samples};
    group.stage_log = plan_.stage_log;
    bool is_written = heartbeat_->write(clock_());
    if (!is_written && !heartbeat_->is_disk_full()) return;
    try {
      for (const std::filesystem::path& file : unneeded()) {
        proto::try_remove(file, disk_);
        // On a full disk: before more is removed, the room that this made shows producers the
        // cursor. They compute again what is neither there nor below the cursor that they see.
        if (!is_written) is_written = heartbeat_->write(clock_());
      }
    } catch (const proto::DiskError& error) {
      name_once(error.what());
    }
  }

  /// The files that no living run needs; heartbeat_ has this one's cursor.
  std::vector<std::filesystem::path> unneeded() {
    const proto::Group& group = heartbeat_->group();
    std::vector<proto::Group> runs = stream_->runs.alive(clock_());
    std::erase_if(runs, [&](const proto::Group& other) { return other.run_id == group.run_id; });
    runs.push_back(group);
    return unneeded_files(stream_->folder, stream_->chunks, runs);
  }

  /// A claim shows that a producer is at work on a chunk; for a while it may be a dead one's.
  void update_state() try {
    if (trouble_) return set_state(*trouble_, telemetry::WaitCause::kDisk);
    if (requested_.empty()) return;
    const proto::Range& next = requested_.begin()->second;
    const proto::ChunkKey key{next.first, next.stage};
    const std::string chunk = stream_->folder.chunk(next.split, key).string();
    if (disk_.stat(stream_->folder.claim(next.split, key))) {
      set_state("a producer is at work on " + chunk, telemetry::WaitCause::kProvider);
    } else {
      set_state("nobody is at work on " + chunk + ": is `prepare` running?");
    }
  } catch (const proto::DiskError& error) {
    set_state(error.what(), telemetry::WaitCause::kDisk);
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
  std::set<std::string> named_;         ///< warnings about single files
  std::optional<std::string> trouble_;  ///< why a requested chunk that is there cannot be used
  mutable std::mutex mutex_;            // state_
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
