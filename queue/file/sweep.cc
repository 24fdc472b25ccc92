// Finding what no run needs any more (sweep.h).
#include "queue/file/sweep.h"

#include <algorithm>
#include <optional>
#include <string>

#include "proto/files.h"

namespace millrace::queue {
namespace {

using proto::Split;

/// The chunk that a file belongs to: itself, a claim on it, or a temporary file of its writer.
/// Empty: not a file of ours.
std::optional<proto::ChunkKey> chunk_of(const std::string& name) {
  if (auto key = claimed_chunk(name)) return key;
  return proto::chunk_key(proto::final_name_of(name).value_or(name));
}

/// The lowest cursor of all runs.
std::uint64_t used_below(const std::vector<proto::Group>& runs) {
  const auto cursor = [](const proto::Group& group) { return group.window(Split::kTrain).cursor; };
  return cursor(*std::ranges::min_element(runs, {}, cursor));
}

}  // namespace

std::vector<std::filesystem::path> unneeded_files(const Folder& folder, const ChunkPlan& plan,
                                                  const std::vector<proto::Group>& runs) {
  std::vector<std::filesystem::path> files;
  const std::uint64_t below = used_below(runs);
  for (const std::string& name : folder.disk().list(folder.split(Split::kTrain))) {
    const auto owner = chunk_of(name);
    const auto key = proto::chunk_key(name);
    const auto may_need = [&](const proto::Group& group) { return plan.may_need(group, *key); };
    const bool is_used = owner && owner->first + plan.chunk_samples() <= below;
    const bool is_at_no_runs_stage = key && std::ranges::none_of(runs, may_need);
    if (is_used || is_at_no_runs_stage) {
      files.push_back(folder.split(Split::kTrain) / name);
    }
  }
  return files;
}

}  // namespace millrace::queue
