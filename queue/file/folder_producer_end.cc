// A producer's end of file:// (file_transport.h): keeps the chunks of every run's window present.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
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
#include "queue/file/run_monitor.h"

namespace millrace::queue {
namespace {

constexpr Milliseconds kLongestPause{20};  // between two looks at the folder
/// How often it is checked that the stream's meta is still there.
constexpr std::chrono::seconds kCheckMetaEvery{1};
constexpr int kFirstTries = 3;
/// The pause after an error, such as a full disk, before the next try.
constexpr std::chrono::seconds kRetryAfter{1};
/// The same after a folder was swept or cleared during a write.
constexpr Milliseconds kRetryVanishedAfter{20};
/// Claims are advice, not locks: two producers that write one chunk write the same bytes. A claim
/// that stays for several times as long as a chunk takes here is that of a dead producer, or of a
/// far slower one, and is taken over.
constexpr int kClaimStaleTimes = 4;
constexpr Milliseconds kClaimStaleAtLeast{500};
constexpr std::chrono::seconds kClaimStaleAtMost{10};

class FolderProducerEnd final : public ProducerEnd {
 public:
  FolderProducerEnd(const std::filesystem::path& queue, const proto::StreamMeta& meta,
                    const ProducerPlan& plan, proto::Disk& disk, Clock clock)
      : meta_(meta),
        folder_(queue, meta.fingerprint, disk),
        chunks_(meta),
        clock_(std::move(clock)),
        monitor_(folder_),
        heartbeat_(folder_) {
    before_runs_.stage_log = plan.stage_log;
    for (const proto::Split split : proto::kSplits) {
      before_runs_.window(split) = {0, plan.ahead[static_cast<std::size_t>(split)]};
    }
    // Even if it is there already: trainers take the stream whose producer started last.
    try {
      write_first_meta();
    } catch (const proto::DiskError& error) {
      if (!is_passing(error)) throw;
      note(error);
    }
  }

  ~FolderProducerEnd() override {
    for (const auto& [chunk, since] : open_) unclaim(chunk);
  }

  std::optional<LeasedRange> next(Milliseconds timeout) override {
    const Time deadline = clock_() + timeout;
    std::unique_lock lock(mutex_);
    for (;;) {
      if (const auto chunk = find_chunk(clock_())) {
        backoff_.found();
        return LeasedRange{++leases_, *chunk};
      }
      if (clock_() >= deadline) return std::nullopt;
      delivered_.wait_for(lock, backoff_.next());
    }
  }

  void deliver(const LeasedRange& leased, const proto::Batch& batch) override {
    const std::optional<proto::DiskError> error = store(leased.range, batch);
    {
      const std::lock_guard lock(mutex_);
      if (!error) learn_from(leased.range);
      open_.erase(leased.range);
      note(error);
    }
    unclaim(leased.range);
    delivered_.notify_all();
    if (error) throw NotStored(error->what());
  }

  bool complete() const override {
    const std::lock_guard lock(mutex_);
    return looked_ && runs_ == 0 && missing_chunks_ == 0;
  }

  std::string state() const override {
    const std::lock_guard lock(mutex_);
    if (disk_error_) return *disk_error_ + ", trying again";
    const std::string ready =
        std::to_string(present_chunks_) + " chunks ready in " + folder_.root().string();
    return runs_ == 0 ? ready + ", waiting for a trainer" : ready;
  }

 private:
  using Ranges = std::set<proto::Range, Sooner>;

  /// The chunk to compute next, claimed and entered in open_; empty: none.
  std::optional<proto::Range> find_chunk(Time now) {
    heartbeat_.beat(now);
    if (disk_error_ && now < retry_at_) return std::nullopt;
    try {
      restore_meta(now);
      std::optional<proto::Range> chunk = pick(now);
      if (chunk) open_.emplace(*chunk, now);
      if (std::exchange(cannot_look_, false)) note(std::nullopt);
      return chunk;
    } catch (const proto::DiskError& error) {
      cannot_look_ = !error.is_full();
      note(error);
      return std::nullopt;
    }
  }

  /// The missing chunk that is nearest to the start of its window, claimed.
  std::optional<proto::Range> pick(Time now) {
    // Chunks are listed before groups are read. In the other order a chunk that a run used up and
    // swept in between would seem to be missing.
    std::map<proto::Split, std::set<proto::ChunkKey>> present;
    for (const proto::Split split : proto::kSplits) {
      if (meta_.size(split) > 0) present.emplace(split, folder_.chunks(split));
    }
    std::vector<proto::Group> groups = monitor_.alive(now);
    runs_ = groups.size();
    if (groups.empty()) groups.push_back(before_runs_);
    missing_chunks_ = present_chunks_ = 0;
    std::map<std::size_t, Ranges> candidates;  // by distance
    for (const auto& [split, chunks] : present) {
      for (const proto::Group& group : groups) add_missing(group, split, chunks, candidates);
    }
    looked_ = true;
    for (const auto& [distance, chunks] : candidates) {
      for (const proto::Range& chunk : chunks) {
        if (!open_.contains(chunk) && claim(chunk, now)) return chunk;
      }
    }
    return std::nullopt;
  }

  /// Adds the chunks of a window that are missing, by their distance from its start.
  void add_missing(const proto::Group& group, proto::Split split,
                   const std::set<proto::ChunkKey>& present,
                   std::map<std::size_t, Ranges>& candidates) {
    std::size_t distance = 0;
    for (const proto::Range& chunk : chunks_.wanted(group, split)) {
      if (!can_make(chunk)) continue;
      if (present.contains({chunk.first, chunk.stage})) {
        ++present_chunks_;
      } else {
        ++missing_chunks_;
        candidates[distance].insert(chunk);
      }
      ++distance;
    }
  }

  /// A run's file may name stages that this stream does not have, or none where it must. That is
  /// the run's error, and no reason for this producer to end.
  bool can_make(const proto::Range& chunk) const {
    if (chunk.split != proto::Split::kTrain) return true;
    return before_runs_.stage_log.empty() ? !chunk.stage
                                          : chunk.stage && *chunk.stage < meta_.train_stages.size();
  }

  bool claim(const proto::Range& chunk, Time now) {
    if (folder_.disk().create(claim_of(chunk))) {
      seen_claims_.erase(chunk);
      return true;
    }
    // A claim that stays too long is a dead producer's: take it over.
    const auto [seen, is_new] = seen_claims_.try_emplace(chunk, now);
    if (now - seen->second < claim_stale_after()) return false;
    seen_claims_.erase(seen);
    return true;
  }

  /// The longest time before this producer has made its first chunk.
  Time::duration claim_stale_after() const {
    if (!chunk_time_) return kClaimStaleAtMost;
    return std::clamp<Time::duration>(kClaimStaleTimes * *chunk_time_, kClaimStaleAtLeast,
                                      kClaimStaleAtMost);
  }

  /// Updates the mean time of a chunk, in which the latest ones count most.
  void learn_from(const proto::Range& chunk) {
    const Time::duration took = clock_() - open_.at(chunk);
    chunk_time_ = (3 * chunk_time_.value_or(took) + took) / 4;
  }

  void unclaim(const proto::Range& chunk) const {
    proto::try_remove(claim_of(chunk), folder_.disk());
  }

  std::filesystem::path claim_of(const proto::Range& chunk) const {
    return folder_.claim(chunk.split, {chunk.first, chunk.stage});
  }

  /// Writes a chunk; the error, if it fails.
  std::optional<proto::DiskError> store(const proto::Range& chunk, const proto::Batch& batch) try {
    proto::make_folders(folder_.split(chunk.split), folder_.disk());
    proto::write_chunk(folder_.chunk(chunk.split, {chunk.first, chunk.stage}), meta_.fingerprint,
                       meta_.schema, batch, folder_.disk());
    return std::nullopt;
  } catch (const proto::DiskError& error) {
    return error;
  }

  /// At start. A full disk gets room as the trainer uses chunks up, and a queue may be cleared or
  /// swept during a write. Later every error is one that may pass: the folder could be used.
  static bool is_passing(const proto::DiskError& error) {
    return error.is_full() || error.reason() == ENOENT;
  }

  /// Remembers the outcome of the last write, and logs where it changes.
  void note(const std::optional<proto::DiskError>& error) {
    if (error) {
      retry_at_ = clock_() +
                  (error->reason() == ENOENT ? Time::duration(kRetryVanishedAfter) : kRetryAfter);
    }
    if (error && !disk_error_) spdlog::warn("{}; waiting, and trying again", error->what());
    if (!error && disk_error_) spdlog::info("{} can be written again", folder_.root().string());
    disk_error_ = error ? std::optional<std::string>(error->what()) : std::nullopt;
  }

  /// Throws DiskError for a folder that cannot be made. Somebody may clear the queue meanwhile, but
  /// not each time.
  void write_first_meta() const {
    for (int tries_left = kFirstTries; tries_left > 0; --tries_left) {
      try {
        return write_meta();
      } catch (const proto::DiskError& error) {
        if (error.reason() != ENOENT) throw;
        if (tries_left == 1) {
          throw std::runtime_error(std::string(error.what()) +
                                   "; the queue's folder cannot be made there: check --queue.uri");
        }
      }
    }
  }

  void write_meta() const {
    for (const proto::Split split : proto::kSplits) {
      proto::make_folders(folder_.split(split), folder_.disk());
    }
    proto::replace_file(folder_.meta(), proto::to_json(meta_), folder_.disk());
  }

  /// Writes the meta again if somebody cleared the queue, or a power cut of its disk tore the file.
  void restore_meta(Time now) {
    if (meta_checked_ && now - *meta_checked_ < kCheckMetaEvery) return;
    if (!meta_is_there()) write_meta();
    meta_checked_ = now;
  }

  bool meta_is_there() const try {
    return read_meta(folder_).fingerprint == meta_.fingerprint;
  } catch (const std::runtime_error&) {
    return false;
  }

  proto::StreamMeta meta_;
  Folder folder_;
  ChunkPlan chunks_;
  Clock clock_;
  proto::Group before_runs_;  ///< the windows to fill while there is no run

  mutable std::mutex mutex_;
  std::condition_variable delivered_;
  PollBackoff backoff_{kLongestPause};
  RunMonitor monitor_;
  ProducerHeartbeat heartbeat_;
  std::map<proto::Range, Time, Sooner> seen_claims_;  ///< others' claims, and since when
  std::optional<Time::duration> chunk_time_;          ///< from lease to file
  std::map<proto::Range, Time, Sooner> open_;         ///< claimed here, and since when
  std::uint64_t leases_ = 0;                          ///< made so far
  std::size_t runs_ = 0;
  std::size_t missing_chunks_ = 0;  ///< of all windows, when the folder was looked at last
  std::size_t present_chunks_ = 0;
  bool looked_ = false;
  std::optional<std::string> disk_error_;  ///< why nothing can be written now
  bool cannot_look_ = false;               ///< that is because the folder cannot be read
  Time retry_at_{};
  std::optional<Time> meta_checked_;
};

}  // namespace

std::unique_ptr<ProducerEnd> make_folder_producer_end(const std::filesystem::path& queue,
                                                      const proto::StreamMeta& meta,
                                                      const ProducerPlan& plan, proto::Disk& disk,
                                                      Clock clock) {
  return std::make_unique<FolderProducerEnd>(queue, meta, plan, disk, std::move(clock));
}

}  // namespace millrace::queue
