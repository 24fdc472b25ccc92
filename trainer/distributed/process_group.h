// The processes that train one model together, and the few operations between them.
//
// They find each other by torchrun's environment variables: RANK, WORLD_SIZE, LOCAL_RANK,
// LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT. A single rank opens nothing, and every operation
// returns at once. Operations go through c10d's Gloo group on the CPU; tensors of a GPU are copied
// there, or go from GPU to GPU by NCCL once connect() has found that they can. All ranks call the
// same operations in the same order, each from one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// Which of the run's processes this is, and where the others are.
struct DistributedEnv {
  std::uint32_t rank = 0;
  std::uint32_t world_size = 1;
  std::uint32_t local_rank = 0;        ///< among the ranks on this host: the number of its GPU
  std::uint32_t local_world_size = 1;  ///< ranks on this host
  std::string master_address = "127.0.0.1";
  std::uint16_t master_port = 0;
  /// Whether rank 0 serves c10d's store, through which ranks meet; false: torchrun's agent does.
  bool serves_store = true;
  std::string store_prefix = "millrace/0";  ///< differs for each restart of one torchrun job
};

/// From torchrun's variables. Throws UsageError naming the variable that is missing or wrong.
[[nodiscard]] DistributedEnv distributed_env_from_environment();

class ProcessGroup {
 public:
  /// Waits up to timeout_s for the other ranks, here and in every operation. All of them throw
  /// std::runtime_error, which says who waited at what, where a rank is missing for longer.
  ProcessGroup(const DistributedEnv& env, std::uint32_t timeout_s);
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
  /// A barrier as the last operation: once it returns, no rank reads from this one any more, so the
  /// process may end.
  void shutdown(const std::string& what);

 private:
  class Group;
  DistributedEnv env_;
  std::chrono::seconds timeout_;
  std::unique_ptr<Group> group_;  ///< null for one rank
};

}  // namespace millrace::trainer
