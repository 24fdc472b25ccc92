// Reading the launcher's variables (distributed_env.h).
#include "trainer/distributed/distributed_env.h"

#include <cstdlib>

#include "base/text.h"
#include "config/errors.h"
#include "trainer/base/log.h"

namespace millrace::trainer {
namespace {

constexpr std::uint32_t kMaxRanks = 1U << 20;

/// Variables with one value for all processes of a job, and another for those of another job. What
/// a person says comes first.
constexpr const char* kJobVariables[] = {"MILLRACE_JOB_ID", "TORCHELASTIC_RUN_ID", "SLURM_JOB_ID",
                                         "PBS_JOBID", "LSB_JOBID"};
/// torchrun's run id where nobody gave one.
constexpr const char* kNoRunId = "none";

std::string variable(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

std::uint32_t number(const char* name, const char* otherwise, std::uint32_t least,
                     std::uint32_t most) {
  const std::string text = variable(name, otherwise);
  const auto value = base::parse_number<std::uint32_t>(text);
  if (!value || *value < least || *value > most) {
    throw config::UsageError(std::string(name) + " = '" + text + "' must be a number from " +
                             std::to_string(least) + " to " + std::to_string(most) +
                             "; start several ranks with torchrun, which sets it");
  }
  return *value;
}

std::string job() {
  for (const char* const name : kJobVariables) {
    const std::string value = variable(name, "");
    if (!value.empty() && value != kNoRunId) return std::string(name) + "=" + value;
  }
  return "";
}

}  // namespace

DistributedEnv distributed_env_from_environment() {
  DistributedEnv env;
  env.world_size = number("WORLD_SIZE", "1", 1, kMaxRanks);
  if (env.world_size == 1) return env;
  env.rank = number("RANK", "", 0, env.world_size - 1);
  env.local_rank = number("LOCAL_RANK", std::to_string(env.rank).c_str(), 0, env.rank);
  env.local_world_size = number("LOCAL_WORLD_SIZE", std::to_string(env.world_size).c_str(),
                                env.local_rank + 1, env.world_size);
  env.master_address = variable("MASTER_ADDR", "127.0.0.1");
  env.master_port = static_cast<std::uint16_t>(number("MASTER_PORT", "", 1, 65535));
  env.serves_store = variable("TORCHELASTIC_USE_AGENT_STORE", "False") != "True";
  env.store_prefix = "millrace/" + variable("TORCHELASTIC_RESTART_COUNT", "0");
  env.job = job();
  return env;
}

bool is_left_to_rank0(const std::string& program) {
  const auto world_size = base::parse_number<std::uint32_t>(variable("WORLD_SIZE", ""));
  const auto rank = base::parse_number<std::uint32_t>(variable("RANK", ""));
  if (world_size.value_or(1) <= 1 || rank.value_or(0) == 0) return false;
  log_info("rank " + std::to_string(*rank) + " of " + std::to_string(*world_size) +
           " has nothing to do: " + program +
           " works in one process, which is rank 0; start it without torchrun (RANK and WORLD_SIZE "
           "say that several were started)");
  return true;
}

}  // namespace millrace::trainer
