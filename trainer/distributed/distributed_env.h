// Which of a run's processes this is, from the environment variables that torchrun or another
// launcher sets. Free of LibTorch.
#pragma once

#include <cstdint>
#include <string>

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
  /// The job that started this rank, as "VARIABLE=value" of the first variable that is set:
  /// MILLRACE_JOB_ID, or a launcher's or scheduler's own. Empty: none of them is.
  std::string job{};
};

/// From torchrun's variables. Throws UsageError naming the variable that is missing or wrong.
[[nodiscard]] DistributedEnv distributed_env_from_environment();

/// For a program that works in one process: whether a launcher started this one as one of several
/// and not as rank 0, which does all of the work. Logs a line that says so. `program`: its name.
[[nodiscard]] bool is_left_to_rank0(const std::string& program);

}  // namespace millrace::trainer
