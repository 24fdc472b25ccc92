// Reads recipes from TOML into Options. The only place that sees toml++.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "config/written_keys.h"

namespace millrace::config {

/// Deepest nesting of includes.
inline constexpr std::size_t kMaxIncludeDepth = 8;

/// Sets the keys of the recipe at `path`, those of its includes first; each file is a layer of
/// `written`. Throws UsageError "FILE:LINE: …".
void read_recipe(const std::string& path, Options& options, WrittenKeys& written);

/// Parses a TOML array of stages. Throws UsageError with the reason alone.
[[nodiscard]] std::vector<StageOptions> read_stages(std::string_view text);

/// Parses a TOML table of settings. Throws UsageError with the reason alone.
[[nodiscard]] SettingTable read_settings(std::string_view text);

/// Parses one TOML value; anything that is not TOML is a text without quotes.
[[nodiscard]] Setting read_setting(const std::string& text);

/// Parses a TOML array of datasets. Throws UsageError with the reason alone.
[[nodiscard]] std::vector<DatasetOptions> read_datasets(std::string_view text);

/// Whether the text is UTF-8, as TOML requires.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace millrace::config
