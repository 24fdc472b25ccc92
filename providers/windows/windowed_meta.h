// What the metas of all providers that cut windows out of datasets say alike.
#pragma once

#include <cstdint>
#include <string>

#include "config/options.h"
#include "proto/meta.h"
#include "providers/windows/windows.h"

namespace millrace::providers {

enum class MaskToken : std::uint8_t { kNone, kAdded };

/// A meta but for its schema, its stages and its fingerprint: provider and version, the recipe's
/// settings, seed and block size, the datasets with their vocabulary (with [MASK] as one more id,
/// the last, where that is added), a sample for every window, and what an epoch has.
[[nodiscard]] proto::StreamMeta windowed_meta(const std::string& provider,
                                              std::uint32_t format_version,
                                              const config::Options& options,
                                              const Windows& windows, MaskToken mask);

}  // namespace millrace::providers
