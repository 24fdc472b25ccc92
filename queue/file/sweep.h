// Deletes what no run on a queue folder needs any more. Rank 0 alone.
#pragma once

#include <vector>

#include "proto/group_file.h"
#include "queue/file/chunk_plan.h"
#include "queue/file/folder.h"

namespace millrace::queue {

/// In train: whatever lies wholly below the cursors of all runs (chunks of every stage, claims,
/// files that a writer left half-done), and chunks at a stage that no run gives to their samples.
/// `runs`: all that live, at least one. Deletes what it can.
void sweep(const Folder& folder, const ChunkPlan& plan, const std::vector<proto::Group>& runs);

}  // namespace millrace::queue
