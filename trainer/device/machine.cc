// Device, threads and their description (machine.h).
#include "trainer/device/machine.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <omp.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "config/app/malloc_tuning.h"
#include "config/app/version.h"
#include "config/errors.h"
#include "trainer/base/log.h"
#include "trainer/device/cpu_quota.h"

namespace millrace::trainer {
namespace {

void warn_if_different(const std::string& fact, const std::string& there, const std::string& here) {
  if (there != here) {
    log_warning("the checkpoint was made with " + fact + " " + there + ", this run has " + here +
                ": it goes on, but not bit by bit");
  }
}

/// The number of CPUs of the control group's quota, rounded up; the largest int without one.
int cpus_of_quota() {
  const auto quota = cpu_quota();
  return quota ? std::max(1, static_cast<int>(std::ceil(*quota))) : std::numeric_limits<int>::max();
}

bool environment_names_threads() {
  return std::getenv("OMP_NUM_THREADS") != nullptr || std::getenv("MKL_NUM_THREADS") != nullptr;
}

/// The number of threads to ask for.
int wanted_threads(std::uint32_t threads) {
  const int quota = cpus_of_quota();
  if (threads == 0) {
    const int own = at::get_num_threads();
    return environment_names_threads() ? own : std::min(own, quota);
  }
  const int wanted = static_cast<int>(threads);
  if (wanted > quota) {
    log_warning("train.threads = " + std::to_string(threads) + ", but the quota of CPUs here is " +
                std::to_string(quota) + ": the threads will wait for each other");
  }
  return wanted;
}

/// The number of threads that OpenMP starts where `wanted` are asked for.
int team_size(int wanted) {
  int size = 1;
#pragma omp parallel num_threads(wanted)
  {
#pragma omp single
    size = omp_get_num_threads();
  }
  return size;
}

}  // namespace

torch::Device choose_device(const std::string& name, std::uint32_t local_rank) {
  if (name == "cpu") return torch::kCPU;
  if (!torch::cuda::is_available()) {
    if (name == "auto") return torch::kCPU;
    throw config::UsageError(
        "train.device = \"cuda\", but LibTorch sees no GPU here; check the driver and that this "
        "LibTorch is a CUDA build, or set --train.device=auto");
  }
  const torch::Device device(
      torch::kCUDA, static_cast<c10::DeviceIndex>(local_rank % torch::cuda::device_count()));
  c10::impl::VirtualGuardImpl(device.type()).setDevice(device);
  return device;
}

void prepare_cpu(std::uint32_t threads) {
  config::keep_freed_memory();
  omp_set_dynamic(0);  // else the team may be another one each time
  const int wanted = wanted_threads(threads);
  const int team = team_size(wanted);
  if (team < wanted) {
    log_warning(
        "of " + std::to_string(wanted) + " CPU threads OpenMP starts " + std::to_string(team) +
        " (OMP_THREAD_LIMIT, OMP_MAX_ACTIVE_LEVELS): going on with " + std::to_string(team));
  }
  if (threads > 0 || team != at::get_num_threads()) at::set_num_threads(team);
}

void describe_machine(proto::TrainerState& state, torch::Device device, const Precision& precision,
                      const ProcessGroup& ranks) {
  state.device = device.is_cuda() ? "cuda" : "cpu";
  state.dtype = name_of(precision.compute);
  state.ranks = ranks.world_size();
  state.threads = static_cast<std::uint32_t>(at::get_num_threads());
  state.cpu_capability = at::get_cpu_capability();
  state.versions = {{"millrace", std::string(config::version_number())}, {"torch", TORCH_VERSION}};
}

void warn_of_other_machine(const proto::TrainerState& checkpoint, const proto::TrainerState& here) {
  warn_if_different("device", checkpoint.device, here.device);
  warn_if_different("dtype", checkpoint.dtype, here.dtype);
  warn_if_different("ranks", std::to_string(checkpoint.ranks), std::to_string(here.ranks));
  warn_if_different("threads", std::to_string(checkpoint.threads), std::to_string(here.threads));
  warn_if_different("CPU capability", checkpoint.cpu_capability, here.cpu_capability);
  for (const auto& [library, version] : here.versions) {
    if (const auto found = checkpoint.versions.find(library); found != checkpoint.versions.end()) {
      warn_if_different(library, found->second, version);
    }
  }
}

}  // namespace millrace::trainer
