// The settings of a provider or a stage type that has no keys in config: their names, types and
// limits. A provider's settings become lines of the fingerprint's text and entries of the meta's
// settings; a stage's become a part of its description there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"

namespace millrace::config {

inline constexpr std::size_t kMaxSettings = 64;
inline constexpr std::size_t kMaxSettingBytes = 4096;

/// "true or false, a whole number, a finite number or a text of one line"
[[nodiscard]] std::string setting_expectation();

/// The name of the setting that a key such as provider.settings.level or settings.level sets; empty
/// for any other key.
[[nodiscard]] std::string setting_name(std::string_view key);

/// For providers and stage types: the setting of this name, or `otherwise` if the recipe has none.
/// T is bool, std::int64_t, double (which accepts whole numbers too) or std::string. Throws
/// UsageError for a value of another type.
template <class T>
[[nodiscard]] T setting(const Options& options, const std::string& name, T otherwise);
template <class T>
[[nodiscard]] T setting(const StageOptions& stage, const std::string& name, T otherwise);

/// For providers and stage types: throws UsageError, with the nearest name, if the recipe has a
/// setting that is not one of `known`.
void check_settings(const Options& options, const std::vector<std::string>& known);
void check_settings(const StageOptions& stage, const std::vector<std::string>& known);

/// Whether a text may name a setting or a stage type: 1 to 64 letters, digits, _ and -. It becomes
/// part of a fingerprint's text.
[[nodiscard]] bool is_plain(std::string_view name);

/// Why a setting or a table of them is not allowed, and what to write instead; empty if it is.
[[nodiscard]] std::optional<std::string> validation_error(const std::string& name,
                                                          const Setting& setting);
[[nodiscard]] std::optional<std::string> validation_error(const SettingTable& settings);

}  // namespace millrace::config
