// The processes that train one model together, and the few operations between them.
//
// They find each other as torchrun arranges it: RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE,
// MASTER_ADDR, MASTER_PORT. One rank alone opens nothing and every operation returns at once. Sums
// go through c10d's Gloo group on the CPU; tensors of a GPU are staged there, or stay on the GPUs
// once they are connected. All ranks call the same operations in the same order, each from one
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// Where this process stands, from its environment.
struct DistributedEnv {
  std::uint32_t rank = 0;
  std::uint32_t world_size = 1;
  std::uint32_t local_rank = 0;        ///< among those on this host: the number of its GPU
  std::uint32_t local_world_size = 1;  ///< ranks on this host
  std::string master_address = "127.0.0.1";
  std::uint16_t master_port = 0;
  /// Rank 0 serves the store; false where torchrun's agent already does.
  bool serves_store = true;
  std::string store_prefix = "millrace/0";  ///< tells apart the restarts of one torchrun job
};

/// Throws UsageError naming the variable that is missing or cannot be.
[[nodiscard]] DistributedEnv distributed_env_from_environment();

class ProcessGroup {
 public:
  /// Waits up to timeout_s for the others, and so long in every operation. Throws
  /// std::runtime_error saying who waited for whom.
  ProcessGroup(const DistributedEnv& place, std::uint32_t timeout_s);
  ~ProcessGroup();
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;

  [[nodiscard]] std::uint32_t rank() const { return place_.rank; }
  [[nodiscard]] std::uint32_t world_size() const { return place_.world_size; }
  [[nodiscard]] std::uint32_t local_rank() const { return place_.local_rank; }
  [[nodiscard]] bool is_rank0() const { return place_.rank == 0; }
  /// How long an operation waits for the other ranks.
  [[nodiscard]] std::chrono::seconds timeout() const { return timeout_; }

  /// From now on tensors of the ranks' devices go from GPU to GPU, if every rank has one of its
  /// own, and this build NCCL. True: so it is.
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
  /// The same as the last operation of all: when it returns, no rank reads from this one any more,
  /// which may end.
  void shutdown(const std::string& what);

 private:
  class Group;
  DistributedEnv place_;
  std::chrono::seconds timeout_;
  std::unique_ptr<Group> group_;  ///< null for one rank
};

}  // namespace millrace::trainer
