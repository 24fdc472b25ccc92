// What a setting of a provider that is not built in may be called and hold (provider.settings): it
// becomes a line of the fingerprint's text and an entry of the meta's settings.
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

/// The name of the one setting that a key such as provider.settings.level or settings.level sets;
/// empty for any other key.
[[nodiscard]] std::string setting_name(std::string_view key);

/// For providers: the setting, or `otherwise` where the recipe has none of this name; T is bool,
/// std::int64_t, double (which takes whole numbers too) or std::string. Throws UsageError for a
/// value of another type.
template <class T>
[[nodiscard]] T setting(const Options& options, const std::string& name, T otherwise);

/// For providers: throws UsageError, with the nearest name, where the recipe has a setting that is
/// none of these.
void check_settings(const Options& options, const std::vector<std::string>& known);

/// What is wrong with it, and what to write instead; empty: nothing.
[[nodiscard]] std::optional<std::string> validation_error(const std::string& name,
                                                          const Setting& setting);
[[nodiscard]] std::optional<std::string> validation_error(const SettingTable& settings);

}  // namespace millrace::config
