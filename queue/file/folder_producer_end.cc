#include "queue/file/folder_producer_end.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "proto/chunk_file.h"
#include "proto/files.h"
#include "proto/meta_json.h"
#include "queue/ends/poll_backoff.h"
#include "queue/ends/range_order.h"
#include "queue/file/chunk_plan.h"
#include "queue/file/folder.h"
#include "queue/file/run_monitor.h"

namespace millrace::queue {
namespace {

constexpr Milliseconds kLookAtLeastEvery{20};
/// How often the stream's meta is looked after.
constexpr std::chrono::seconds kTendEvery{1};
/// How long a disk that is full is left alone.
constexpr std::chrono::seconds kTryAgainAfter{1};
/// And a folder that was swept, or cleared, while it was written to.
constexpr Milliseconds kTryVanishedAgainAfter{20};
/// Claims are advice, not locks: two producers that write one chunk write the same bytes. So one
/// that stays for several times as long as a chunk takes here is a dead producer's, or one's that
/// is far slower.
constexpr int kClaimStaleTimes = 4;
constexpr Milliseconds kClaimStaleAtLeast{500};
constexpr std::chrono::seconds kClaimStaleAtMost{10};

class FolderProducerEnd final : public ProducerEnd {
 public:
  FolderProducerEnd(const std::filesystem::path& queue, const proto::StreamMeta& meta,
                    const FolderStock& stock, proto::Disk& disk, Clock clock)
      : meta_(meta),
        folder_(queue, meta.fingerprint, disk),
        plan_(meta),
        clock_(std::move(clock)),
        watch_(folder_) {
    stock_.stage_log = stock.stage_log;
    for (const proto::Split split : proto::kSplits) {
      stock_.window(split) = {0, stock.ahead[static_cast<std::size_t>(split)]};
    }
    // Also where it is there already: trainers take the stream whose producer started last.
    where_it_can_be([this] { write_meta(); });
  }

  ~FolderProducerEnd() override {
    for (const auto& [chunk, since] : open_) unclaim(chunk);
  }

  std::optional<LeasedRange> next(Milliseconds timeout) override {
    const Time deadline = clock_() + timeout;
    std::unique_lock lock(mutex_);
    for (;;) {
      if (const auto chunk = look(clock_())) {
        interval_.found();
        return LeasedRange{++orders_, *chunk};
      }
      if (clock_() >= deadline) return std::nullopt;
      delivered_.wait_for(lock, interval_.next());
    }
  }

  void deliver(const LeasedRange& order, const proto::Batch& batch) override {
    const std::optional<proto::DiskError> trouble = store(order.range, batch);
    {
      const std::lock_guard lock(mutex_);
      if (!trouble) learn_from(order.range);
      open_.erase(order.range);
      note(trouble);
    }
    unclaim(order.range);
    delivered_.notify_all();
    if (trouble) throw NotStored(trouble->what());
  }

  bool complete() const override {
    const std::lock_guard lock(mutex_);
    return looked_ && runs_ == 0 && missing_ == 0;
  }

  std::string state() const override {
    const std::lock_guard lock(mutex_);
    if (trouble_) return *trouble_ + ", trying again";
    const std::string ready =
        std::to_string(present_) + " chunks ready in " + folder_.root().string();
    return runs_ == 0 ? ready + ", waiting for a trainer" : ready;
  }

 private:
  using Ranges = std::set<proto::Range, Sooner>;

  /// The chunk to compute next, open and claimed.
  std::optional<proto::Range> look(Time now) {
    if (trouble_ && now < try_again_at_) return std::nullopt;
    std::optional<proto::Range> chunk;
    where_it_can_be([&] {
      tend(now);
      chunk = pick(now);
    });
    if (chunk) open_.emplace(*chunk, now);
    return chunk;
  }

  /// Of all that are missing, the chunk nearest to the start of its window.
  std::optional<proto::Range> pick(Time now) {
    // Chunks before groups: one that a run used up and swept between the two looks would seem to be
    // missing.
    std::map<proto::Split, std::set<proto::ChunkKey>> there;
    for (const proto::Split split : proto::kSplits) {
      if (meta_.size(split) > 0) there.emplace(split, folder_.chunks(split));
    }
    std::vector<proto::Group> groups = watch_.alive(now);
    runs_ = groups.size();
    if (groups.empty()) groups.push_back(stock_);
    missing_ = present_ = 0;
    std::map<std::size_t, Ranges> candidates;  // by distance
    for (const auto& [split, chunks] : there) {
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

  void add_missing(const proto::Group& group, proto::Split split,
                   const std::set<proto::ChunkKey>& there,
                   std::map<std::size_t, Ranges>& candidates) {
    std::size_t distance = 0;
    for (const proto::Range& chunk : plan_.wanted(group, split)) {
      if (!can_make(chunk)) continue;
      if (there.contains({chunk.first, chunk.stage})) {
        ++present_;
      } else {
        ++missing_;
        candidates[distance].insert(chunk);
      }
      ++distance;
    }
  }

  /// A run may name stages that this stream has not, or none where it must: its file is not ours,
  /// and others' errors are no reason to end.
  bool can_make(const proto::Range& chunk) const {
    if (chunk.split != proto::Split::kTrain) return true;
    return stock_.stage_log.empty() ? !chunk.stage
                                    : chunk.stage && *chunk.stage < meta_.train_stages.size();
  }

  bool claim(const proto::Range& chunk, Time now) {
    if (folder_.disk().create(claim_of(chunk))) {
      seen_claims_.erase(chunk);
      return true;
    }
    // A claim that stays is a dead producer's; take it over.
    const auto [seen, is_new] = seen_claims_.try_emplace(chunk, now);
    if (now - seen->second < claim_stale_after()) return false;
    seen_claims_.erase(seen);
    return true;
  }

  /// Unknown before the first chunk is made.
  Time::duration claim_stale_after() const {
    if (!chunk_takes_) return kClaimStaleAtMost;
    return std::clamp<Time::duration>(kClaimStaleTimes * *chunk_takes_, kClaimStaleAtLeast,
                                      kClaimStaleAtMost);
  }

  /// A mean that follows the latest ones.
  void learn_from(const proto::Range& chunk) {
    const Time::duration took = clock_() - open_.at(chunk);
    chunk_takes_ = (3 * chunk_takes_.value_or(took) + took) / 4;
  }

  void unclaim(const proto::Range& chunk) const {
    proto::try_remove_all(claim_of(chunk), folder_.disk());
  }

  std::filesystem::path claim_of(const proto::Range& chunk) const {
    return folder_.claim(chunk.split, {chunk.first, chunk.stage});
  }

  /// Why it could not be, if it could not.
  std::optional<proto::DiskError> store(const proto::Range& chunk, const proto::Batch& batch) try {
    proto::make_folders(folder_.split(chunk.split), folder_.disk());
    proto::write_chunk(folder_.chunk(chunk.split, {chunk.first, chunk.stage}), meta_.fingerprint,
                       meta_.schema, batch, folder_.disk());
    return std::nullopt;
  } catch (const proto::DiskError& error) {
    if (!is_passing(error)) throw;
    return error;
  }

  void where_it_can_be(const std::function<void()>& act) try {
    act();
  } catch (const proto::DiskError& error) {
    if (!is_passing(error)) throw;
    note(error);
  }

  /// A full disk clears as the trainer uses chunks up; and somebody may clear the queue, or sweep
  /// it, while we write.
  static bool is_passing(const proto::DiskError& error) {
    return error.is_full() || error.reason() == ENOENT;
  }

  void note(const std::optional<proto::DiskError>& trouble) {
    if (trouble) {
      try_again_at_ =
          clock_() + (trouble->is_full() ? Time::duration(kTryAgainAfter) : kTryVanishedAgainAfter);
    }
    if (trouble && !trouble_) {
      spdlog::warn("{}; waiting, and trying again", trouble->what());
    }
    if (!trouble && trouble_) spdlog::info("{} can be written again", folder_.root().string());
    trouble_ = trouble ? std::optional<std::string>(trouble->what()) : std::nullopt;
  }

  void write_meta() const {
    for (const proto::Split split : proto::kSplits) {
      proto::make_folders(folder_.split(split), folder_.disk());
    }
    proto::replace_file(folder_.meta(), proto::to_json(meta_), folder_.disk());
  }

  /// Somebody may have cleared the queue under us, or a power cut of its disk have torn the meta.
  void tend(Time now) {
    if (tended_ && now - *tended_ < kTendEvery) return;
    if (!meta_is_there()) write_meta();
    tended_ = now;
  }

  bool meta_is_there() const try {
    return proto::meta_from_json(proto::read_file(folder_.meta(), folder_.disk())).fingerprint ==
           meta_.fingerprint;
  } catch (const std::runtime_error&) {
    return false;
  }

  proto::StreamMeta meta_;
  Folder folder_;
  ChunkPlan plan_;
  Clock clock_;
  proto::Group stock_;  ///< what to have ready where there is no run

  mutable std::mutex mutex_;
  std::condition_variable delivered_;
  PollBackoff interval_{kLookAtLeastEvery};
  RunMonitor watch_;
  std::map<proto::Range, Time, Sooner> seen_claims_;
  std::optional<Time::duration> chunk_takes_;  ///< from order to file
  std::map<proto::Range, Time, Sooner> open_;  ///< claimed here, and since when
  std::uint64_t orders_ = 0;
  std::size_t runs_ = 0;
  std::size_t missing_ = 0;
  std::size_t present_ = 0;
  bool looked_ = false;
  std::optional<std::string> trouble_;  ///< why nothing can be written now
  Time try_again_at_{};
  std::optional<Time> tended_;
};

}  // namespace

std::unique_ptr<ProducerEnd> make_folder_producer_end(const std::filesystem::path& queue,
                                                      const proto::StreamMeta& meta,
                                                      const FolderStock& stock, proto::Disk& disk,
                                                      Clock clock) {
  return std::make_unique<FolderProducerEnd>(queue, meta, stock, disk, std::move(clock));
}

}  // namespace millrace::queue
