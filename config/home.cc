// Replaces "~/" (home.h).
#include "config/home.h"

#include <cstdlib>
#include <string_view>

#include "config/errors.h"

namespace millrace::config {
namespace {

/// Where the path begins in a text; npos: it holds none.
std::size_t path_begins(std::string_view text, Names names) {
  if (names == Names::kPath) return 0;
  constexpr std::string_view kSchemes[] = {"file://", "ipc://"};
  for (const std::string_view scheme : kSchemes) {
    if (names == Names::kUri && text.starts_with(scheme)) return scheme.size();
  }
  return std::string_view::npos;
}

}  // namespace

std::string expand_home(std::string text, Names names) {
  const std::size_t begin = path_begins(text, names);
  if (begin == std::string::npos || begin == text.size() || text[begin] != '~') return text;
  const std::string name = text.substr(begin, text.find('/', begin) - begin);
  if (name != "~") {
    throw UsageError("only ~/ is replaced by a home folder, not " + name +
                     "; write the path in full, or ./" + text.substr(begin) +
                     " for one in the working directory");
  }
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    throw UsageError("$HOME is not set, so ~/ is no folder; write the path in full");
  }
  return text.replace(begin, name.size(), home);
}

}  // namespace millrace::config
