// The progress line, by escape sequences on a terminal and by the log elsewhere.
#include "config/app/progress.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>

namespace millrace::config {
namespace {
constexpr std::chrono::milliseconds kDrawEvery{500};
constexpr std::chrono::seconds kLogEvery{10};
}  // namespace

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
  std::fprintf(stderr, "\r\033[K%s", text().c_str());
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
