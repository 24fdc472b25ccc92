// The version of this build: the number in the file VERSION, and the commit it was built from.
#pragma once

#include <string>
#include <string_view>

namespace millrace::config {

/// "0.2.0"
[[nodiscard]] std::string_view version_number();

/// "0.2.0 (e46f141)": with the commit, if the sources lie in a git checkout; "(e46f141-dirty)" if
/// they have been changed since.
[[nodiscard]] std::string version();

}  // namespace millrace::config
