// Which files of a queue folder no run needs any more.
#pragma once

#include <filesystem>
#include <vector>

#include "proto/group_file.h"
#include "queue/file/chunk_plan.h"
#include "queue/file/folder.h"

namespace millrace::queue {

/// Of train, in ascending order: everything below the cursors of all runs (chunks of every stage,
/// claims, unfinished files of dead writers; nothing of another name), and chunks at a stage that
/// their samples have in no run. `runs`: all that are alive, at least one.
[[nodiscard]] std::vector<std::filesystem::path> unneeded_files(
    const Folder& folder, const ChunkPlan& plan, const std::vector<proto::Group>& runs);

}  // namespace millrace::queue
