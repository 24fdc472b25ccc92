// The settings of a recipe that change a byte of its stream, as canonical text. The fingerprint
// covers them, and a trainer compares them with its producers'.
#pragma once

#include <map>
#include <string>

#include "config/options.h"

namespace millrace::config {

/// Only settings that count: the stages of a schedule that is not used, for example, are left out.
/// Numbers have their shortest decimal form; provider.settings are TOML, so that 3, 3.0 and "3"
/// differ.
[[nodiscard]] std::map<std::string, std::string> stream_settings(const Options& options);

/// A stage as text, e.g. "sticky(target_masked_ratio=0.4,p1_probability=0.15,p2_probability=0.3)";
/// a type with settings lists them by name, as TOML.
[[nodiscard]] std::string describe(const StageOptions& stage);

}  // namespace millrace::config
