// What ranks tell each other through c10d's store before they connect: that they are the ranks of
// one run.
#pragma once

#include <chrono>

#include "trainer/distributed/distributed_env.h"
#include "trainer/distributed/run_facts.h"

namespace c10d {
class Store;
}

namespace millrace::trainer {

/// Waits for all ranks, up to `timeout` for rank 0, and compares their facts and the number of
/// ranks with rank 0's. Throws config::UsageError on all ranks where they differ, naming each fact
/// with both values; on this rank alone, which the others do not count, where it belongs to another
/// job (DistributedEnv::job) or another process has its number. Throws std::runtime_error on rank 0
/// that names the ranks that have not come, and on the others what c10d throws.
void agree_on_run(c10d::Store& store, const DistributedEnv& env, RunFacts facts,
                  std::chrono::seconds timeout);

}  // namespace millrace::trainer
