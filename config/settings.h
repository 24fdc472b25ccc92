// What a setting of a provider that is not built in may be called and hold (provider.settings): it becomes a line of the
// fingerprint's text and an entry of the meta's settings.
#pragma once

#include <optional>
#include <string>

#include "config/options.h"

namespace millrace::config {

inline constexpr std::size_t kMaxSettings = 64;
inline constexpr std::size_t kMaxSettingBytes = 4096;

/// "true or false, a whole number, a finite number or a text of one line"
[[nodiscard]] std::string setting_expectation();

/// What is wrong with it, and what to write instead; empty: nothing.
[[nodiscard]] std::optional<std::string> flaw(const std::string& name, const Setting& setting);
[[nodiscard]] std::optional<std::string> flaw(const SettingTable& settings);

}  // namespace millrace::config
