#include "queue/folder_producer_end.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "proto/chunk_file.h"
#include "proto/files.h"
#include "proto/meta_json.h"
#include "queue/folder.h"
#include "queue/group_watch.h"

namespace millrace::queue {
namespace {

using Time = std::chrono::steady_clock::time_point;
using ChunkId = std::pair<proto::Split, std::uint64_t>;

constexpr Milliseconds kLookEvery{20};
/// Claims are advice, not locks: two producers that write one chunk write the same bytes.
constexpr std::chrono::seconds kClaimStaleAfter{10};

class FolderProducerEnd final : public ProducerEnd {
 public:
  FolderProducerEnd(const std::filesystem::path& queue, const proto::StreamMeta& meta,
                    const std::array<std::uint64_t, proto::kSplitCount>& ahead)
      : meta_(meta), folder_(queue, meta.fingerprint), chunk_(proto::chunk_samples(meta.schema)), watch_(folder_.groups()) {
    for (const proto::Split split : proto::kSplits) {
      default_.window(split) = {0, ahead[static_cast<std::size_t>(split)]};
      std::filesystem::create_directories(folder_.split(split));
    }
    proto::replace_file(folder_.meta(), proto::to_json(meta_));
  }

  ~FolderProducerEnd() override {
    for (const ChunkId& id : open_) unclaim(id);
  }

  std::optional<Order> next(Milliseconds timeout) override {
    const Time deadline = std::chrono::steady_clock::now() + timeout;
    std::unique_lock lock(mutex_);
    for (;;) {
      if (const auto id = pick(std::chrono::steady_clock::now())) {
        open_.insert(*id);
        return Order{++orders_, range_of(*id)};
      }
      if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
      delivered_.wait_for(lock, kLookEvery);
    }
  }

  void deliver(const Order& order, const proto::Batch& batch) override {
    const ChunkId id{order.range.split, order.range.first};
    restore_folder();
    proto::write_chunk(folder_.chunk(id.first, id.second), meta_.fingerprint, meta_.schema, batch);
    unclaim(id);
    {
      const std::lock_guard lock(mutex_);
      open_.erase(id);
    }
    delivered_.notify_all();
  }

  bool complete() const override {
    const std::lock_guard lock(mutex_);
    return looked_ && runs_ == 0 && missing_ == 0;
  }

  std::string state() const override {
    const std::lock_guard lock(mutex_);
    const std::string ready = std::to_string(present_) + " chunks ready in " + folder_.root().string();
    return runs_ == 0 ? ready + ", waiting for a trainer" : ready;
  }

 private:
  proto::Range range_of(const ChunkId& id) const {
    const std::uint64_t count = std::min<std::uint64_t>(chunk_, meta_.size(id.first) - id.second);
    return {id.first, id.second, static_cast<std::uint32_t>(count), std::nullopt};
  }

  /// The chunk to compute next, claimed: of all that are missing, the one nearest to the start of its window.
  std::optional<ChunkId> pick(Time now) {
    std::vector<proto::Group> groups = watch_.alive(now);
    runs_ = groups.size();
    if (groups.empty()) groups.push_back(default_);
    missing_ = present_ = 0;
    std::set<std::pair<std::uint64_t, ChunkId>> candidates;
    for (const proto::Split split : proto::kSplits) {
      const std::set<std::uint64_t> present = folder_.chunks(split);
      for (const proto::Group& group : groups) add_missing(split, group.window(split), present, candidates);
    }
    looked_ = true;
    for (const auto& [distance, id] : candidates) {
      if (!open_.contains(id) && claim(id, now)) return id;
    }
    return std::nullopt;
  }

  void add_missing(proto::Split split, const proto::SplitWindow& window, const std::set<std::uint64_t>& present,
                   std::set<std::pair<std::uint64_t, ChunkId>>& candidates) {
    const std::uint64_t end = std::min(window.end, meta_.size(split));
    const std::uint64_t start = window.cursor / chunk_ * chunk_;
    for (std::uint64_t first = start; first < end; first += chunk_) {
      if (present.contains(first)) {
        ++present_;
      } else {
        ++missing_;
        candidates.insert({(first - start) / chunk_, {split, first}});
      }
    }
  }

  bool claim(const ChunkId& id, Time now) {
    const std::filesystem::path path = folder_.claim(id.first, id.second);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) {
      ::close(fd);
      seen_claims_.erase(id);
      return true;
    }
    // A claim that stays is a dead producer's; take it over.
    const auto [seen, is_new] = seen_claims_.try_emplace(id, now);
    if (now - seen->second < kClaimStaleAfter) return false;
    seen_claims_.erase(seen);
    return true;
  }

  void unclaim(const ChunkId& id) const {
    std::error_code ignored;
    std::filesystem::remove(folder_.claim(id.first, id.second), ignored);
  }

  /// Somebody may have cleared the queue under us.
  void restore_folder() const {
    if (std::filesystem::exists(folder_.meta())) return;
    for (const proto::Split split : proto::kSplits) std::filesystem::create_directories(folder_.split(split));
    proto::replace_file(folder_.meta(), proto::to_json(meta_));
  }

  proto::StreamMeta meta_;
  Folder folder_;
  std::uint32_t chunk_;
  proto::Group default_;  ///< what to have ready where there is no run

  mutable std::mutex mutex_;
  std::condition_variable delivered_;
  GroupWatch watch_;
  std::map<ChunkId, Time> seen_claims_;
  std::set<ChunkId> open_;
  std::uint64_t orders_ = 0;
  std::size_t runs_ = 0;
  std::size_t missing_ = 0;
  std::size_t present_ = 0;
  bool looked_ = false;
};

}  // namespace

std::unique_ptr<ProducerEnd> make_folder_producer_end(const std::filesystem::path& queue, const proto::StreamMeta& meta,
                                                      const std::array<std::uint64_t, proto::kSplitCount>& ahead) {
  return std::make_unique<FolderProducerEnd>(queue, meta, ahead);
}

}  // namespace millrace::queue
