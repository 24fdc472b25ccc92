// Writing and watching the signs of life of producers (producer_heartbeat.h).
#include "queue/file/producer_heartbeat.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/file_name.h"
#include "proto/files.h"

namespace millrace::queue {

namespace {

/// What producers wrote last, by their ids. Files that cannot be read are nobody's.
std::map<std::string, std::string> counts(const Folder& folder) {
  constexpr std::size_t kAtMost = 32;
  std::map<std::string, std::string> files;
  for (const std::string& name : folder.disk().list(folder.producers())) {
    if (!proto::is_id(name)) continue;
    try {
      const auto file = folder.disk().read(folder.producers() / name, kAtMost);
      if (file) files[name] = proto::text(file->bytes);
    } catch (const proto::DiskError&) {
    }
  }
  return files;
}

}  // namespace

ProducerHeartbeat::ProducerHeartbeat(Folder folder)
    : folder_(std::move(folder)), file_(folder_.producers() / proto::random_id()) {}

ProducerHeartbeat::~ProducerHeartbeat() { proto::try_remove(file_, folder_.disk()); }

void ProducerHeartbeat::beat(Time now) {
  if (last_ && now - *last_ < kProducerBeatsEvery) return;
  last_ = now;
  try {
    proto::make_folders(folder_.producers(), folder_.disk());
    proto::replace_file(file_, std::to_string(++beats_), folder_.disk());
    if (beats_ == 1) remove_old();
  } catch (const proto::DiskError&) {
    // Its chunks meet the same error, if it matters.
  }
}

void ProducerHeartbeat::remove_old() const {
  const auto own = folder_.disk().stat(file_);
  for (const std::string& name : folder_.disk().list(folder_.producers())) {
    if (!proto::is_id(proto::final_name_of(name).value_or(name))) continue;
    const auto other = folder_.disk().stat(folder_.producers() / name);
    if (own && other &&
        std::chrono::nanoseconds(own->written_ns - other->written_ns) > kProducerFileKept) {
      proto::try_remove(folder_.producers() / name, folder_.disk());
    }
  }
}

bool ProducerMonitor::alive(const Folder& folder, Time now) {
  const std::map<std::string, std::string> files = counts(folder);
  const auto [seen, is_new] = seen_.try_emplace(folder.root(), Seen{now, files});
  const auto was_there = [&](const auto& file) {
    const auto before = seen->second.files.find(file.first);
    return before != seen->second.files.end() && before->second == file.second;
  };
  if (!std::ranges::all_of(files, was_there)) seen->second.alive = true;
  seen->second.files = files;
  return seen->second.alive;
}

bool ProducerMonitor::has_seen_enough(Time now) const {
  return std::ranges::all_of(
      seen_, [&](const auto& each) { return now - each.second.first >= kProducersWatchedFor; });
}

}  // namespace millrace::queue
