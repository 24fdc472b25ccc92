// The standard streams of every program: none is missing, and no result is lost without a word.
#pragma once

#include <stdexcept>

namespace millrace::config {

/// Stdout cannot be written: "stdout: No space left on device".
class StdoutError : public std::runtime_error {
 public:
  explicit StdoutError(int reason);
  /// The reader of a pipe has gone, as in `inspect … | head -1`.
  [[nodiscard]] bool has_no_reader() const { return no_reader_; }

 private:
  bool no_reader_;
};

/// Call first in main, before any file is opened.
///
/// - A standard stream that is closed is opened on /dev/null, so that no other file gets its number
///   and with it the log lines. Reading such a stdin or writing such a stdout is an error.
/// - std::cout throws StdoutError where bytes cannot be written. It is flushed at each end of line
///   on a terminal, elsewhere when 64 KiB are full, where it is asked to, and by finish_stdout.
/// - Both wait where the other end is not ready, non-blocking descriptors too.
/// - std::cin throws std::system_error where bytes cannot be read.
/// - SIGPIPE and SIGXFSZ are ignored: the write that fails says why. A broken pipe behind stderr
///   loses log lines and nothing else.
void set_up_standard_streams();

/// Writes what std::cout still holds. Throws StdoutError where that fails or an earlier write
/// failed.
void finish_stdout();
/// Whether a write to stdout has failed.
[[nodiscard]] bool stdout_failed();

/// Ends the process as SIGPIPE does, without a message. For a program whose results nobody reads.
[[noreturn]] void die_of_broken_pipe();

}  // namespace millrace::config
