#include "queue/folder_consumer_end.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "proto/chunk_file.h"
#include "proto/files.h"
#include "proto/meta_json.h"
#include "queue/folder.h"
#include "queue/group_watch.h"
#include "queue/range_order.h"

namespace millrace::queue {
namespace {

using Time = std::chrono::steady_clock::time_point;
constexpr Milliseconds kLookEvery{10};

class FolderConsumerEnd final : public ConsumerEnd {
 public:
  FolderConsumerEnd(const std::filesystem::path& queue, const Expectation& expected, const FolderRun& run)
      : queue_(queue), admission_(expected), run_(run) {}

  ~FolderConsumerEnd() override {
    if (!leading()) return;
    std::error_code ignored;
    std::filesystem::remove_all(folder_->group(run_.run_id).parent_path(), ignored);
  }

  std::optional<proto::StreamMeta> meet(Milliseconds timeout) override {
    const Time deadline = std::chrono::steady_clock::now() + timeout;
    while (!meta_ && !look_for_stream()) {
      if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
      std::this_thread::sleep_for(kLookEvery);
    }
    return meta_;
  }

  std::uint32_t range_samples() const override { return proto::chunk_samples(meta_->schema); }
  void want(const proto::Range& range) override { wanted_.insert(range); }

  std::optional<proto::Batch> take(Milliseconds timeout) override {
    const Time deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
      beat(std::chrono::steady_clock::now());
      if (auto batch = read_first_there()) return batch;
      say_who_is_at_work();
      if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
      std::this_thread::sleep_for(kLookEvery);
    }
  }

  void release(proto::Split split, std::uint64_t cursor) override {
    if (split != proto::Split::kTrain || !leading()) return;
    const std::uint64_t before = std::exchange(run_.cursor, cursor);
    if (before / range_samples() == cursor / range_samples()) return;
    write_group();
    sweep(std::chrono::steady_clock::now());
  }

  void follow(const proto::StageLog& log) override {
    std::erase_if(wanted_, [&](const proto::Range& range) { return !proto::agrees(log, range); });
  }

  WaitState state() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  [[nodiscard]] bool leading() const { return run_.leads && folder_; }

  /// The newest stream in the queue that is admitted.
  bool look_for_stream() {
    std::string refusal;
    std::optional<std::pair<std::filesystem::file_time_type, proto::StreamMeta>> best;
    std::error_code missing;
    for (const auto& entry : std::filesystem::directory_iterator(queue_, missing)) {
      const auto path = entry.path() / Folder::kMeta;
      const auto meta = read_meta(path);
      if (!meta) continue;
      if (const auto reason = admission_.reason_against(*meta)) {
        refusal = *reason;
        continue;
      }
      std::error_code ignored;
      const auto written = std::filesystem::last_write_time(path, ignored);
      if (!best || written > best->first) best = {written, *meta};
    }
    if (!best) {
      say(refusal.empty() ? "no stream in " + queue_.string() + ": start `prepare` with the same recipe"
                          : "only streams of other settings in " + queue_.string() + " (" + refusal + ")");
      return false;
    }
    accept(best->second);
    return true;
  }

  static std::optional<proto::StreamMeta> read_meta(const std::filesystem::path& path) try {
    if (!std::filesystem::exists(path)) return std::nullopt;
    return proto::meta_from_json(proto::read_file(path));
  } catch (const std::exception& error) {
    spdlog::debug("{}: {}", path.string(), error.what());
    return std::nullopt;
  }

  void accept(const proto::StreamMeta& meta) {
    admission_.pin(meta);
    meta_ = meta;
    folder_.emplace(queue_, meta.fingerprint);
    watch_.emplace(folder_->groups());
    say("no chunk yet in " + folder_->root().string() + ": is `prepare` running?");
    if (leading()) {
      std::filesystem::create_directories(folder_->group(run_.run_id).parent_path());
      write_group();
    }
  }

  std::optional<proto::Batch> read_first_there() {
    for (auto range = wanted_.begin(); range != wanted_.end(); ++range) {
      auto batch = read(*range);
      if (!batch) continue;
      wanted_.erase(range);
      return batch;
    }
    return std::nullopt;
  }

  std::optional<proto::Batch> read(const proto::Range& range) {
    const auto path = folder_->chunk(range.split, range.first);
    if (std::filesystem::exists(path)) say("reading " + path.string(), telemetry::WaitCause::kDisk);
    proto::Chunk chunk = proto::read_chunk(path);
    if (chunk.status == proto::ChunkStatus::kMissing) return std::nullopt;
    if (chunk.status == proto::ChunkStatus::kOk && chunk.fingerprint == meta_->fingerprint && chunk.batch.range == range &&
        proto::fits(meta_->schema, chunk.batch)) {
      return std::move(chunk.batch);
    }
    set_aside(path, chunk.status == proto::ChunkStatus::kOk ? "of another stream or range" : proto::describe(chunk.status));
    return std::nullopt;
  }

  /// Out of the way, so that a producer computes the chunk again; kept, so that somebody can look at it.
  void set_aside(const std::filesystem::path& path, std::string_view why) {
    const auto to = folder_->quarantine() / (path.parent_path().filename().string() + '-' + path.filename().string());
    std::error_code failed;
    std::filesystem::create_directories(folder_->quarantine(), failed);
    std::filesystem::rename(path, to, failed);
    if (failed && !std::filesystem::exists(path)) return;  // another rank was faster
    ++damaged_;
    spdlog::warn("{}: {}; moved to quarantine/, to be computed again (damaged files so far: {})", path.string(), why, damaged_);
  }

  /// Counts on, and writes the group again where somebody cleared the queue.
  void beat(Time now) {
    if (!leading() || now - last_beat_ < kGroupBeatEvery) return;
    std::filesystem::create_directories(folder_->group(run_.run_id).parent_path());
    write_group();
  }

  /// At least two chunks, so that one is ready when the other is used up.
  std::uint64_t window_samples() const {
    return std::max<std::uint64_t>(run_.train_window.samples_of(meta_->schema), 2 * std::uint64_t{range_samples()});
  }

  void write_group() {
    last_beat_ = std::chrono::steady_clock::now();
    proto::Group group{run_.run_id, ++heartbeat_, {}};
    group.window(proto::Split::kTrain) = {run_.cursor, run_.cursor + window_samples()};
    group.window(proto::Split::kVal) = {0, run_.eval_samples};
    proto::write_group(folder_->group(run_.run_id), group);
  }

  /// Deletes train chunks that no living run needs any more.
  void sweep(Time now) {
    std::uint64_t used_below = run_.cursor;
    for (const proto::Group& group : watch_->alive(now)) {
      used_below = std::min(used_below, group.window(proto::Split::kTrain).cursor);
    }
    for (const std::uint64_t first : folder_->chunks(proto::Split::kTrain)) {
      if (first + range_samples() > used_below) break;
      std::error_code ignored;
      std::filesystem::remove(folder_->chunk(proto::Split::kTrain, first), ignored);
      std::filesystem::remove(folder_->claim(proto::Split::kTrain, first), ignored);
    }
  }

  /// A claim shows that a producer is at work; it may be a dead one's for a while.
  void say_who_is_at_work() {
    if (wanted_.empty()) return;
    const proto::Range& soonest = *wanted_.begin();
    const std::string chunk = folder_->chunk(soonest.split, soonest.first).string();
    if (std::filesystem::exists(folder_->claim(soonest.split, soonest.first))) {
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
  std::optional<proto::StreamMeta> meta_;
  std::optional<Folder> folder_;
  std::optional<GroupWatch> watch_;
  std::set<proto::Range, Sooner> wanted_;
  std::uint64_t heartbeat_ = 0;
  std::uint64_t damaged_ = 0;
  Time last_beat_{};
  mutable std::mutex mutex_;  // state_
  WaitState state_;
};

}  // namespace

std::unique_ptr<ConsumerEnd> make_folder_consumer_end(const std::filesystem::path& queue, const Expectation& expected,
                                                      const FolderRun& run) {
  return std::make_unique<FolderConsumerEnd>(queue, expected, run);
}

}  // namespace millrace::queue
