// Deletes the files of a queue folder that no run needs any more. Called by rank 0 alone.
#pragma once

#include <vector>

#include "proto/group_file.h"
#include "queue/file/chunk_plan.h"
#include "queue/file/folder.h"

namespace millrace::queue {

/// Deletes from train: everything below the cursors of all runs (chunks of every stage, claims,
/// unfinished files of dead writers; nothing of another name), and chunks at a stage that their samples have in no run.
/// `runs`: all that are alive, at least one. Files that cannot be deleted are skipped.
void sweep(const Folder& folder, const ChunkPlan& plan, const std::vector<proto::Group>& runs);

}  // namespace millrace::queue
