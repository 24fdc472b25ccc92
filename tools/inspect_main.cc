// inspect SUBJECT …: looks inside a stream, a queue, a checkpoint or a queue file. Changes nothing.
#include <vector>

#include "config/errors.h"
#include "tools/subjects.h"

namespace {

using namespace millrace;

std::string names(const std::vector<tools::Subject>& subjects) {
  std::string text;
  for (const tools::Subject& subject : subjects) text += (text.empty() ? "" : ", ") + std::string(subject.word);
  return text;
}

// The program that answers when no subject is named.
config::Program whole_program(const std::vector<tools::Subject>& subjects) {
  std::string about = "Looks inside, and changes nothing:\n";
  for (const tools::Subject& subject : subjects) about += "\n  " + subject.program.name + " " + subject.program.usage;
  return {.name = "inspect",
          .usage = "SUBJECT …",
          .about = about + "\n\nEach has its own --help.",
          .flags = {},
          .min_positional = 0,
          .max_positional = 1,
          .overrides = false};
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<tools::Subject> subjects = {tools::stream_subject(), tools::queue_subject(), tools::checkpoint_subject(),
                                                tools::batch_subject()};
  const std::string word = argc > 1 ? argv[1] : "";
  for (const tools::Subject& subject : subjects) {
    if (word == subject.word) return config::run_program(subject.program, argc - 1, argv + 1, subject.run);
  }
  return config::run_program(whole_program(subjects), argc, argv, [&](const config::Arguments&) -> int {
    throw config::UsageError((word.empty() ? "no subject" : "unknown subject '" + word + "'") + "; known: " + names(subjects));
  });
}
