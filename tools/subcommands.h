// The subcommands of `inspect` and `bench`: each is a small program with its own flags and --help.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/app/command_line.h"

namespace millrace::tools {

struct Subcommand {
  std::string_view word;  ///< its name on the command line
  config::Program program;
  std::function<int(const config::Arguments&)> run;
  /// If not empty: the name of a program in the same folder that replaces this process, because it
  /// links what this one must not. It parses the same arguments by `program`; `run` is empty.
  std::string_view elsewhere{};
};

/// `inspect`
[[nodiscard]] Subcommand stream_subcommand();
[[nodiscard]] Subcommand queue_subcommand();
[[nodiscard]] Subcommand checkpoint_subcommand();
[[nodiscard]] Subcommand batch_subcommand();

/// `bench`
[[nodiscard]] Subcommand provider_bench();
[[nodiscard]] Subcommand stream_bench();
[[nodiscard]] Subcommand train_bench();

/// Runs the subcommand named by the first argument, as run_program does. `about`: the first line of
/// the program's own help.
int run_subcommand(const std::string& program, const std::string& about,
                   const std::vector<Subcommand>& subcommands, int argc, const char* const* argv);

}  // namespace millrace::tools
