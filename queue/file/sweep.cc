// Deleting what no run needs any more (sweep.h).
#include "queue/file/sweep.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "proto/files.h"

namespace millrace::queue {
namespace {

using proto::Split;

/// The index at the start of a file's name, after the dot of a temporary file; empty: not our file.
std::optional<std::uint64_t> first_of(std::string_view name) {
  if (name.starts_with('.')) name.remove_prefix(1);
  std::uint64_t first = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), first);
  const bool is_ours = error == std::errc() && end != name.data() + name.size() && *end == '.';
  return is_ours ? std::optional(first) : std::nullopt;
}

/// The lowest cursor of all runs.
std::uint64_t used_below(const std::vector<proto::Group>& runs) {
  const auto cursor = [](const proto::Group& group) { return group.window(Split::kTrain).cursor; };
  return cursor(*std::ranges::min_element(runs, {}, cursor));
}

}  // namespace

void sweep(const Folder& folder, const ChunkPlan& plan, const std::vector<proto::Group>& runs) {
  const std::uint64_t below = used_below(runs);
  for (const std::string& name : folder.disk().list(folder.split(Split::kTrain))) {
    const auto first = first_of(name);
    const auto key = proto::chunk_key(name);
    const auto may_need = [&](const proto::Group& group) { return plan.may_need(group, *key); };
    const bool is_used = first && *first + plan.chunk_samples() <= below;
    const bool is_at_no_runs_stage = key && std::ranges::none_of(runs, may_need);
    if (is_used || is_at_no_runs_stage) {
      proto::try_remove_all(folder.split(Split::kTrain) / name, folder.disk());
    }
  }
}

}  // namespace millrace::queue
