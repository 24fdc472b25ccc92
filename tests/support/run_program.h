// Runs a program to its end and keeps what it wrote.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "proto/files.h"
#include "tests/support/temporary_folder.h"

namespace millrace::testing {

struct Ran {
  int status = -1;  ///< the exit status; −1 where a signal ended it
  std::string out;
  std::string err;
};

/// A word as a shell takes it literally.
inline std::string shell_word(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

/// The first word is the program's path. `folder`: where it runs; empty: here.
inline Ran run_program(const std::vector<std::string>& words, const std::string& folder = {}) {
  const TemporaryFolder streams;
  std::string command = folder.empty() ? "" : "cd " + shell_word(folder) + " && ";
  for (const std::string& word : words) command += shell_word(word) + " ";
  command += "</dev/null >" + shell_word(streams / "out") + " 2>" + shell_word(streams / "err");
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, proto::read_file(streams / "out"),
          proto::read_file(streams / "err")};
}

}  // namespace millrace::testing
