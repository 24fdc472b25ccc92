#include "tools/subcommands.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config/errors.h"
#include "tools/executable_dir.h"

namespace millrace::tools {
namespace {

std::string names(const std::vector<Subcommand>& subjects) {
  std::string text;
  for (const Subcommand& subject : subjects) {
    text += (text.empty() ? "" : ", ") + std::string(subject.word);
  }
  return text;
}

// The program that answers when no subject is named.
config::Program whole_program(const std::string& name, std::string about,
                              const std::vector<Subcommand>& subjects) {
  about += "\n";
  for (const Subcommand& subject : subjects) {
    about += "\n  " + subject.program.name + " " + subject.program.usage;
  }
  return {.name = name,
          .usage = "SUBJECT …",
          .about = about + "\n\nEach has its own --help.",
          .flags = {},
          .min_positional = 0,
          .max_positional = 1,
          .overrides = false};
}

// Returns only where that program cannot be started; --help needs it no more than the message does.
int become(const Subcommand& subject, int argc, const char* const* argv) {
  const std::string program = executable_dir() / subject.elsewhere;
  std::vector<const char*> words(argv, argv + argc);
  words.front() = program.c_str();
  words.push_back(nullptr);
  ::execv(program.c_str(), const_cast<char* const*>(words.data()));
  const std::string reason = std::strerror(errno);
  return config::run_program(subject.program, argc, argv, [&](const config::Arguments&) -> int {
    throw config::UsageError(program + ": " + reason +
                             "; it is built where the trainer is: scripts/setup");
  });
}

}  // namespace

int run_subcommand(const std::string& program, const std::string& about,
                   const std::vector<Subcommand>& subjects, int argc, const char* const* argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  for (const Subcommand& subject : subjects) {
    if (word != subject.word) continue;
    if (!subject.elsewhere.empty()) return become(subject, argc - 1, argv + 1);
    return config::run_program(subject.program, argc - 1, argv + 1, subject.run);
  }
  return config::run_program(
      whole_program(program, about, subjects), argc, argv, [&](const config::Arguments&) -> int {
        throw config::UsageError((word.empty() ? "no subject" : "unknown subject '" + word + "'") +
                                 "; known: " + names(subjects));
      });
}

}  // namespace millrace::tools
