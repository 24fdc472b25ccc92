// The progress line, by escape sequences on a terminal and by the log elsewhere.
#include "config/app/progress.h"

#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "base/utf8.h"
#include "config/app/terminal_text.h"

namespace millrace::config {
namespace {
constexpr std::chrono::milliseconds kDrawEvery{500};
constexpr std::chrono::seconds kLogEvery{10};

/// Columns of the terminal behind stderr; 80 where it does not say.
std::size_t columns_of_terminal() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::string first_columns(std::string text, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!base::is_continuation(text[at]) && seen++ == columns) {
      text.resize(at);
      break;
    }
  }
  return text;
}

Progress::Progress()
    : terminal_(::isatty(STDERR_FILENO) == 1), last_(std::chrono::steady_clock::now()) {}
Progress::~Progress() { clear(); }

void Progress::update(const std::function<std::string()>& text) {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < (terminal_ ? std::chrono::steady_clock::duration(kDrawEvery) : kLogEvery)) {
    return;
  }
  last_ = now;
  if (!terminal_) {
    spdlog::info("{}", text());
    return;
  }
  // A line that fills the last column would wrap, and "\r" would go back to its second half alone.
  std::fprintf(stderr, "\r\033[K%s",
               first_columns(for_terminal(text()), columns_of_terminal() - 1).c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::clear() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace millrace::config
