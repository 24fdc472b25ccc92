// Standard streams that exist and report their errors (standard_streams.h).
#include "config/app/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <streambuf>
#include <string_view>
#include <system_error>

#include "base/retry.h"

namespace millrace::config {
namespace {

/// Bytes on their way to stdout. One thread at a time, as std::cout.
class StdoutBuffer final : public std::streambuf {
 public:
  StdoutBuffer() : is_terminal_(::isatty(STDOUT_FILENO) == 1) { reset(); }

  /// Writes what is left. Throws for an earlier failure too.
  void finish() {
    write_out();
    if (failure_ != 0) throw StdoutError(failure_);
  }
  [[nodiscard]] bool has_failed() const { return failure_ != 0; }

 protected:
  int_type overflow(int_type byte) override {
    write_out();
    if (!traits_type::eq_int_type(byte, traits_type::eof())) {
      *pptr() = traits_type::to_char_type(byte);
      pbump(1);
    }
    return traits_type::not_eof(byte);
  }

  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    const std::streamsize taken = std::streambuf::xsputn(bytes, count);
    const std::string_view text(bytes, static_cast<std::size_t>(count));
    if (is_terminal_ && text.find('\n') != std::string_view::npos) write_out();
    return taken;
  }

  int sync() override {
    write_out();
    return 0;
  }

 private:
  void reset() { setp(bytes_.data(), bytes_.data() + bytes_.size()); }

  /// The bytes are dropped where they cannot be written, so that later calls do not fail again.
  void write_out() {
    const char* at = pbase();
    const char* const end = pptr();
    reset();
    while (at < end) {
      const ssize_t written = ::write(STDOUT_FILENO, at, static_cast<std::size_t>(end - at));
      if (written < 0 && !base::should_retry(errno, STDOUT_FILENO, POLLOUT)) {
        throw StdoutError(failure_ = errno);
      }
      if (written > 0) at += written;
    }
  }

  bool is_terminal_;
  int failure_ = 0;  ///< the errno of the last write that failed
  std::array<char, std::size_t{64} << 10> bytes_;
};

/// Bytes from stdin. One thread at a time, as std::cin.
class StdinBuffer final : public std::streambuf {
 protected:
  int_type underflow() override {
    ssize_t got = -1;
    do {
      got = ::read(STDIN_FILENO, bytes_.data(), bytes_.size());
    } while (got < 0 && base::should_retry(errno, STDIN_FILENO, POLLIN));
    if (got < 0) throw std::system_error(errno, std::generic_category(), "stdin");
    setg(bytes_.data(), bytes_.data(), bytes_.data() + got);
    return got > 0 ? traits_type::to_int_type(bytes_[0]) : traits_type::eof();
  }

 private:
  std::array<char, std::size_t{64} << 10> bytes_;
};

/// Lives for ever: std::cout uses it until the end.
StdoutBuffer& stdout_buffer() {
  static auto* const buffer = new StdoutBuffer;
  return *buffer;
}

/// Opens /dev/null as descriptor `fd` if that is closed. The mode is the one that makes the use of
/// a closed stdin or stdout an error.
void open_if_closed(int fd, int mode) {
  if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) return;
  // Lower descriptors are open by now, so this is the one that open returns.
  if (::open("/dev/null", mode) != fd) std::abort();
}

}  // namespace

StdoutError::StdoutError(int reason)
    : std::runtime_error("stdout: " + std::generic_category().message(reason)),
      no_reader_(reason == EPIPE) {}

void set_up_standard_streams() {
  open_if_closed(STDIN_FILENO, O_WRONLY);
  open_if_closed(STDOUT_FILENO, O_RDONLY);
  open_if_closed(STDERR_FILENO, O_WRONLY);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  std::cout.rdbuf(&stdout_buffer());
  static auto* const input = new StdinBuffer;
  std::cin.rdbuf(input);
  // Pass on what the buffers throw.
  std::cout.exceptions(std::ios::badbit);
  std::cin.exceptions(std::ios::badbit);
}

void finish_stdout() { stdout_buffer().finish(); }
bool stdout_failed() { return stdout_buffer().has_failed(); }

void die_of_broken_pipe() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  std::_Exit(128 + SIGPIPE);  // where the signal is blocked
}

}  // namespace millrace::config
