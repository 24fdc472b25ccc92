// The share of a machine's CPUs that this process's control group may use, as containers, systemd
// and schedulers limit it. Free of LibTorch.
#pragma once

#include <filesystem>
#include <optional>

namespace millrace::trainer {

/// The number of CPUs that the least quota of this process's control group and those above it
/// allows, such as 1.5. Empty: no quota, or none that can be read. `root`: of the file system.
[[nodiscard]] std::optional<double> cpu_quota(const std::filesystem::path& root = "/");

}  // namespace millrace::trainer
