// The part of a stream's meta that all providers of text windows share.
#pragma once

#include <cstdint>

#include "config/options.h"
#include "proto/meta.h"
#include "providers/windows/windows.h"

namespace millrace::providers {

/// Whether [MASK] is added to the datasets' vocabulary, with the last id.
enum class MaskToken : std::uint8_t { kNone, kAdded };

/// A meta with everything except schema, stages, fingerprint and probe: the recipe's provider name,
/// the format version, the recipe's settings, seed and block size, the datasets with their
/// vocabulary, the sizes of splits (one sample per window), and the samples of an epoch.
[[nodiscard]] proto::StreamMeta windowed_meta(std::uint32_t format_version,
                                              const config::Options& options,
                                              const Windows& windows, MaskToken mask);

}  // namespace millrace::providers
