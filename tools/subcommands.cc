// Help and dispatch of subcommands.
#include "tools/subcommands.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "config/errors.h"
#include "tools/executable_dir.h"

namespace millrace::tools {
namespace {

// The program itself, if no subcommand is given.
config::Program whole_program(const std::string& name, std::string about,
                              const std::vector<Subcommand>& subcommands) {
  about += "\n";
  for (const Subcommand& subcommand : subcommands) {
    about += "\n  " + subcommand.program.name + " " + subcommand.program.usage;
  }
  return {.name = name,
          .usage = "SUBJECT …",
          .about = about + "\n\nEach has its own --help.",
          .flags = {},
          .min_positional = 0,
          .max_positional = 1,
          .overrides = false};
}

// Replaces this process by the other program. If that fails, --help still works, and anything else
// is an error.
int become(const Subcommand& subcommand, int argc, const char* const* argv) {
  const std::string program = executable_dir() / subcommand.elsewhere;
  std::vector<const char*> words(argv, argv + argc);
  words.front() = program.c_str();
  words.push_back(nullptr);
  ::execv(program.c_str(), const_cast<char* const*>(words.data()));
  const std::string reason = std::strerror(errno);
  return config::run_program(subcommand.program, argc, argv, [&](const config::Arguments&) -> int {
    throw config::UsageError(program + ": " + reason +
                             "; it is built where the trainer is: scripts/setup");
  });
}

}  // namespace

int run_subcommand(const std::string& program, const std::string& about,
                   const std::vector<Subcommand>& subcommands, int argc, const char* const* argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  for (const Subcommand& subcommand : subcommands) {
    if (word != subcommand.word) continue;
    if (!subcommand.elsewhere.empty()) return become(subcommand, argc - 1, argv + 1);
    return config::run_program(subcommand.program, argc - 1, argv + 1, subcommand.run);
  }
  return config::run_program(
      whole_program(program, about, subcommands), argc, argv, [&](const config::Arguments&) -> int {
        throw config::UsageError((word.empty() ? "no subject" : "unknown subject '" + word + "'") +
                                 "; known: " + base::joined(subcommands, ", ", &Subcommand::word));
      });
}

}  // namespace millrace::tools
