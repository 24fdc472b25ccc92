// fork, exec and wait.
#include "tools/bench/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "config/errors.h"
#include "proto/descriptor.h"
#include "proto/files.h"
#include "tools/bench/bench_waits.h"

namespace millrace::tools {
namespace {

constexpr std::chrono::seconds kEndsWithin{3};
constexpr std::chrono::milliseconds kLookEvery{2};
constexpr int kCannotStart = 127;

/// Runs between fork and exec in a process with threads, so it makes system calls only.
[[noreturn]] void become(char* const* words, int log, pid_t parent) {
  const bool ready = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == parent &&
                     ::dup2(log, STDOUT_FILENO) >= 0 && ::dup2(log, STDERR_FILENO) >= 0;
  if (ready) ::execv(words[0], words);
  ::_exit(kCannotStart);
}

std::string last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

}  // namespace

ChildProcess::ChildProcess(const std::filesystem::path& program,
                           const std::vector<std::string>& words, std::filesystem::path log)
    : name_(program.filename()), log_(std::move(log)) {
  if (::access(program.c_str(), X_OK) != 0) {
    throw config::UsageError(program.string() + ": no such program; see --bin");
  }
  std::vector<std::string> all = {program};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> pointers;
  for (std::string& word : all) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const proto::Descriptor output(
      ::open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!output.is_open()) {
    throw std::system_error(errno, std::generic_category(), log_.string() + ": cannot write");
  }
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(pointers.data(), output.get(), parent);
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "cannot start " + name_);
}

ChildProcess::~ChildProcess() {
  if (ended()) return;
  if (!killed_) ::kill(pid_, SIGTERM);
  if (ends_within_limit()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void ChildProcess::kill() {
  if (pid_ < 0) return;
  killed_ = true;
  ::kill(pid_, SIGKILL);
}

std::uint64_t ChildProcess::anonymous_bytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);) {
    constexpr std::string_view kField = "RssAnon:";
    if (line.starts_with(kField)) return std::stoull(line.substr(kField.size())) << 10;
  }
  return 0;
}

void ChildProcess::check() {
  if (!ended() || killed_) return;
  check_not_stopped();  // a terminal's signal also goes to the children
  throw std::runtime_error(
      name_ + " ended by itself; its last words: " + last_line(proto::read_file(log_)));
}

bool ChildProcess::ended() {
  if (pid_ >= 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ < 0;
}

bool ChildProcess::ends_within_limit() {
  const auto deadline = std::chrono::steady_clock::now() + kEndsWithin;
  while (!ended()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(kLookEvery);
  }
  return true;
}

}  // namespace millrace::tools
