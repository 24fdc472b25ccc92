// Values as text: numbers in their shortest form, strings, stages and tables as TOML.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/keys.h"

namespace millrace::config {

/// The shortest decimal text that parses to the same double: "0.15", "1", "5e-05".
[[nodiscard]] std::string shortest(double value);

/// A TOML basic string with its quotes.
[[nodiscard]] std::string toml_string(std::string_view text);

/// 3, 3.0, true or "plain": the text shows the type.
[[nodiscard]] std::string to_toml(const Setting& setting);

/// The value as TOML: doubles always with a point or an exponent, stages as an array of inline
/// tables, one per line. An unset value gives "(unset)", which is not TOML.
[[nodiscard]] std::string to_toml(const Value& value);

}  // namespace millrace::config
