// The processes that train one model together, and the few operations between them.
//
// They find each other by torchrun's environment variables (distributed_env.h). A single rank opens
// nothing, and every operation returns at once. Operations go through c10d's Gloo group on the CPU;
// tensors of a GPU are copied there, or go from GPU to GPU by NCCL once connect() has found that
// they can. All ranks call the same operations in the same order, each from one thread.
//
// Gloo writes to the sockets of ranks that have left, so the program ignores SIGPIPE, as all of
// ours do (config/app/standard_streams.h).
//
// An operation waits for the other ranks up to a timeout. Work of one rank alone that may take
// longer, such as saving a checkpoint, is declared by a LongWork: while it goes on, the others wait
// on. (Not in an operation between GPUs, whose timeout is fixed: put a barrier before it.)
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "telemetry/health.h"
#include "trainer/base/torch.h"
#include "trainer/distributed/distributed_env.h"
#include "trainer/distributed/run_facts.h"

namespace millrace::trainer {

/// Thrown where the process is asked to stop before the ranks have met.
class StoppedBeforeMeeting : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class ProcessGroup {
 public:
  /// Waits up to timeout_s for the other ranks, here and in every operation. All of them throw
  /// std::runtime_error, which says who waited at what, where a rank is missing for longer.
  /// The constructor throws config::UsageError where the ranks are not of one run, because their
  /// facts differ or they belong to two jobs (rendezvous.h), and StoppedBeforeMeeting as soon as
  /// the process is asked to stop.
  /// `health`: is told of this rank's LongWork.
  ProcessGroup(const DistributedEnv& env, std::uint32_t timeout_s, const RunFacts& facts = {},
               telemetry::Health& health = telemetry::null_health());
  ~ProcessGroup();
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;

  [[nodiscard]] std::uint32_t rank() const { return env_.rank; }
  [[nodiscard]] std::uint32_t world_size() const { return env_.world_size; }
  [[nodiscard]] std::uint32_t local_rank() const { return env_.local_rank; }
  [[nodiscard]] bool is_rank0() const { return env_.rank == 0; }
  /// How long an operation waits for the other ranks.
  [[nodiscard]] std::chrono::seconds timeout() const { return timeout_; }

  /// Uses NCCL for tensors on GPUs from now on, if every rank has a GPU of its own and a build with
  /// NCCL. Returns whether it does.
  bool connect(torch::Device device);

  /// Replaces each tensor by its sum over the ranks. `what` names the operation in errors.
  void all_reduce_sum(std::span<torch::Tensor> tensors, const std::string& what);
  void all_reduce_sum(std::span<double> values, const std::string& what);
  /// Replaces each tensor by rank 0's.
  void broadcast(std::span<torch::Tensor> tensors, const std::string& what);
  /// Rank 0's text, on every rank.
  [[nodiscard]] std::string broadcast(std::string text, const std::string& what);
  /// Returns once every rank has called it.
  void barrier(const std::string& what);
  /// A barrier as the last operation, called once: when it returns, no rank reads from this one any
  /// more, so the process may end.
  void shutdown(const std::string& what);

 private:
  friend class LongWork;
  class Group;
  DistributedEnv env_;
  std::chrono::seconds timeout_;
  telemetry::Health& health_;
  std::unique_ptr<Group> group_;  ///< null for one rank
  bool is_shut_down_ = false;
};

/// Work of this rank that may take longer than the timeout: while it lives, and this rank does not
/// itself wait for others, those that wait for this rank wait on, and its health is ok.
class LongWork {
 public:
  /// `what`: for the others' logs, such as "saving a checkpoint". `ranks` outlives this.
  LongWork(ProcessGroup& ranks, const std::string& what);
  ~LongWork();
  LongWork(const LongWork&) = delete;
  LongWork& operator=(const LongWork&) = delete;

 private:
  ProcessGroup& ranks_;
};

}  // namespace millrace::trainer
