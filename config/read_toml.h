// Reads recipes from TOML into Options. The only place that sees toml++.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"

namespace millrace::config {

/// Includes nest no deeper than this.
inline constexpr std::size_t kMaxIncludeDepth = 8;

/// Sets what the recipe at `path` says, its includes first. Throws UsageError "FILE:LINE: …".
void read_recipe(const std::string& path, Options& options);

/// An array of stages as TOML writes it. Throws UsageError with the reason alone.
[[nodiscard]] std::vector<StageOptions> read_stages(std::string_view text);

/// A table of settings as TOML writes it. Throws UsageError with the reason alone.
[[nodiscard]] SettingTable read_settings(std::string_view text);

/// One setting as TOML writes it; what is not TOML is a text, which needs no quotes.
[[nodiscard]] Setting read_setting(const std::string& text);

/// An array of tables of datasets as TOML writes it. Throws UsageError with the reason alone.
[[nodiscard]] std::vector<DatasetOptions> read_datasets(std::string_view text);

/// Whether a recipe can hold this text.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace millrace::config
