// Comparing the ranks through the store (rendezvous.h). Rank 0 writes its job and facts; the others
// compare theirs and write what differs; rank 0 joins that and writes the verdict.
#include "trainer/distributed/rendezvous.h"

#include <c10/../torch/library.h>  // LibTorch's own, which lean_torch/ stands in for
#include <algorithm>
#include <stdexcept>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

#include "base/text.h"
#include "config/errors.h"

namespace millrace::trainer {
namespace {

constexpr const char* kJob = "run/job";
constexpr const char* kFacts = "run/facts";
constexpr const char* kVerdict = "run/verdict";
const std::string kPresent = "run/present";  // by rank: the number of processes that are this rank
const std::string kDiffers = "run/differs";  // by rank
const std::string kHeard = "run/heard";      // by rank: it has read the verdict

/// How long rank 0, whose process may be the store's, waits for the others to read a refusal.
constexpr std::chrono::milliseconds kHeardWithin{5000};
/// The most ranks that a message lists.
constexpr std::size_t kMostListed = 3;

std::string key(const std::string& word, std::uint32_t rank) {
  return word + "/" + std::to_string(rank);
}

std::vector<std::string> keys_of_others(const std::string& word, std::uint32_t world_size) {
  std::vector<std::string> keys;
  for (std::uint32_t rank = 1; rank < world_size; ++rank) keys.push_back(key(word, rank));
  return keys;
}

/// "a; b; c; and 7 more"
std::string listed(std::vector<std::string> texts) {
  const std::size_t more = texts.size() - std::min(texts.size(), kMostListed);
  texts.resize(texts.size() - more);
  return base::joined(texts, "; ") + (more > 0 ? "; and " + std::to_string(more) + " more" : "");
}

std::string place(const DistributedEnv& env) {
  return env.master_address + ":" + std::to_string(env.master_port);
}

config::UsageError refused(const std::string& differences) {
  return config::UsageError("the ranks are not of one run: " + differences +
                            "; start all ranks with the same recipe, overrides and build");
}

std::string name_of(const std::string& job) { return job.substr(0, job.find('=')); }

/// Throws UsageError for a rank of another job, as far as both say which job they belong to.
void require_same_job(const DistributedEnv& env, const std::string& of_rank0) {
  if (env.job == of_rank0 || name_of(env.job) != name_of(of_rank0)) return;
  throw config::UsageError(
      "rank 0 at " + place(env) + " (MASTER_ADDR:MASTER_PORT) belongs to another job: " + of_rank0 +
      " there and " + env.job +
      " here; give each job a MASTER_PORT of its own (torchrun: --master_port), or set "
      "MILLRACE_JOB_ID to the same text for all ranks of one run");
}

/// Throws UsageError where another process came as this rank before.
void require_alone(c10d::Store& store, const DistributedEnv& env) {
  if (store.add(key(kPresent, env.rank), 1) == 1) return;
  throw config::UsageError("another process is rank " + std::to_string(env.rank) +
                           " of the run at " + place(env) +
                           " (MASTER_ADDR:MASTER_PORT): give each process a RANK of its own, and "
                           "each job a MASTER_PORT of its own");
}

void wait_for_others(c10d::Store& store, std::uint32_t world_size, std::chrono::seconds timeout) {
  try {
    store.wait(keys_of_others(kDiffers, world_size), timeout);
  } catch (const std::exception&) {
    std::vector<std::string> missing;
    for (std::uint32_t rank = 1; rank < world_size; ++rank) {
      if (!store.check({key(kDiffers, rank)})) missing.push_back("rank " + std::to_string(rank));
    }
    if (missing.empty()) throw;
    throw std::runtime_error("nothing was heard of " + listed(missing));
  }
}

void lead(c10d::Store& store, const DistributedEnv& env, const RunFacts& facts,
          std::chrono::seconds timeout) {
  store.set(kFacts, to_bytes(facts));
  store.set(kJob, env.job);
  wait_for_others(store, env.world_size, timeout);
  std::vector<std::string> differences;
  for (const std::string& of_rank : keys_of_others(kDiffers, env.world_size)) {
    const std::string text = store.get_to_str(of_rank);
    if (!text.empty()) differences.push_back(text);
  }
  const std::string verdict = listed(differences);
  store.set(kVerdict, verdict);
  if (verdict.empty()) return;
  try {
    store.wait(keys_of_others(kHeard, env.world_size), kHeardWithin);
  } catch (const std::exception&) {
    // A rank has gone; it had its reasons.
  }
  throw refused(verdict);
}

void follow(c10d::Store& store, const DistributedEnv& env, const RunFacts& facts) {
  require_same_job(env, store.get_to_str(kJob));
  require_alone(store, env);
  const std::string mine =
      differences(facts, env.rank, run_facts_from_bytes(store.get_to_str(kFacts)));
  store.set(key(kDiffers, env.rank), mine);
  const std::string verdict = store.get_to_str(kVerdict);
  store.set(key(kHeard, env.rank), std::string());
  if (!verdict.empty()) throw refused(verdict);
  if (!mine.empty()) throw refused(mine);  // a rank that rank 0 does not expect
}

}  // namespace

void agree_on_run(c10d::Store& store, const DistributedEnv& env, RunFacts facts,
                  std::chrono::seconds timeout) {
  facts["WORLD_SIZE"] = std::to_string(env.world_size);
  env.rank == 0 ? lead(store, env, facts, timeout) : follow(store, env, facts);
}

}  // namespace millrace::trainer
