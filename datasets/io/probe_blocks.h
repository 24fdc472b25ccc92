// Which bytes a probe of content hashes: some blocks that lie evenly over all, so that different
// contents of one size are told apart at little cost.
#pragma once

#include <cstdint>

namespace millrace::datasets {

inline constexpr std::uint64_t kProbeBlocks = 16;
inline constexpr std::uint64_t kProbeBlockBytes = 4096;

/// Whether all of `total` bytes are hashed, because the blocks would cover them.
[[nodiscard]] constexpr bool is_probed_whole(std::uint64_t total) {
  return total <= kProbeBlocks * kProbeBlockBytes;
}

/// The offset of a block, below kProbeBlocks, in `total` bytes that are not probed whole.
[[nodiscard]] constexpr std::uint64_t probe_block_at(std::uint64_t total, std::uint64_t block) {
  constexpr std::uint64_t kSteps = kProbeBlocks - 1;
  const std::uint64_t last = total - kProbeBlockBytes;
  return last / kSteps * block + last % kSteps * block / kSteps;  // without overflow
}

}  // namespace millrace::datasets
