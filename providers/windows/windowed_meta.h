// The part of the meta that all providers of windows have in common.
#pragma once

#include <cstdint>

#include "config/options.h"
#include "proto/meta.h"
#include "providers/windows/windows.h"

namespace millrace::providers {

enum class MaskToken : std::uint8_t { kNone, kAdded };

/// A meta without schema, stages and fingerprint: the recipe's provider name, the format version,
/// the recipe's settings, seed and block size, the datasets with their vocabulary (kAdded: [MASK]
/// is an additional id, the last), one sample per window, and the samples of an epoch.
[[nodiscard]] proto::StreamMeta windowed_meta(std::uint32_t format_version,
                                              const config::Options& options,
                                              const Windows& windows, MaskToken mask);

}  // namespace millrace::providers
