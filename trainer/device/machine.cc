// Device, threads and their description (machine.h).
#include "trainer/device/machine.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include "config/app/malloc_tuning.h"
#include "config/app/version.h"
#include "config/errors.h"
#include "trainer/base/log.h"

namespace millrace::trainer {
namespace {

void warn_if_different(const std::string& fact, const std::string& there, const std::string& here) {
  if (there != here) {
    log_warning("the checkpoint was made with " + fact + " " + there + ", this run has " + here +
                ": it goes on, but not bit by bit");
  }
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
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
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
