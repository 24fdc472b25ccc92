// The version of this build: the number in the file VERSION, and the commit it was built from.
#pragma once

#include <string>
#include <string_view>

namespace millrace::config {

/// "0.2.0"
[[nodiscard]] std::string_view version_number();

/// "0.2.0 (e46f141)": with the commit, where the sources lie in a git checkout.
[[nodiscard]] std::string version();

}  // namespace millrace::config
