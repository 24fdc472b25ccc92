// What `inspect` can look at: each subject is a small program of its own, with its own flags and --help.
#pragma once

#include <functional>
#include <string_view>

#include "config/command_line.h"

namespace millrace::tools {

struct Subject {
  std::string_view word;  ///< follows `inspect` on the command line
  config::Program program;
  std::function<int(const config::Arguments&)> run;
};

[[nodiscard]] Subject stream_subject();
[[nodiscard]] Subject queue_subject();
[[nodiscard]] Subject checkpoint_subject();
[[nodiscard]] Subject batch_subject();

}  // namespace millrace::tools
