// The settings of a recipe that change a byte of its stream, as canonical text: what the
// fingerprint covers and peers compare.
#pragma once

#include <map>
#include <string>

#include "config/options.h"

namespace millrace::config {

/// Only what counts: stages of a schedule that is not used, for instance, are left out. Numbers in
/// shortest decimal form; provider.settings as TOML writes them, so that 3, 3.0 and "3" differ.
[[nodiscard]] std::map<std::string, std::string> stream_settings(const Options& options);

/// A stage as text, e.g. "sticky(target_masked_ratio=0.4,p1_probability=0.15,p2_probability=0.3)".
[[nodiscard]] std::string describe(const StageOptions& stage);

}  // namespace millrace::config
