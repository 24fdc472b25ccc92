// What `inspect` and `bench` can be asked for: each subject is a small program of its own, with its
// own flags and --help.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/app/command_line.h"

namespace millrace::tools {

struct Subcommand {
  std::string_view word;  ///< follows the program's name on the command line
  config::Program program;
  std::function<int(const config::Arguments&)> run;
  /// Where there is a name: the program beside this one that becomes this process, with the words
  /// that follow the subject, because it links what this one must not. It reads them by `program`
  /// too; `run` is empty.
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

/// Runs the subject that the first word names, as run_program does; `about` is the first line of
/// the whole program's help.
int run_subcommand(const std::string& program, const std::string& about,
                   const std::vector<Subcommand>& subjects, int argc, const char* const* argv);

}  // namespace millrace::tools
