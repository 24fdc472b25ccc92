// The version of this build (version.h).
#include "config/app/version.h"

#include "millrace_commit.h"  // made by cmake/Version.cmake

namespace millrace::config {

std::string_view version_number() { return MILLRACE_VERSION; }

std::string version() {
  constexpr std::string_view commit = MILLRACE_COMMIT;
  const std::string number(version_number());
  return commit.empty() ? number : number + " (" + std::string(commit) + ")";
}

}  // namespace millrace::config
