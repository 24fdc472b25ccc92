// The signal handlers behind the flags (stop.h).
#include "config/app/stop.h"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

namespace millrace::config {
namespace {

std::atomic<bool> stop{false};
std::atomic<bool> save{false};
std::atomic<std::int64_t> first_interrupt_ns{0};  ///< 0: none yet
static_assert(std::atomic<bool>::is_always_lock_free, "signal handlers need it");
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "signal handlers need it");

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);  // may be called in a signal handler
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

bool is_impatient() {
  constexpr std::int64_t kAfter_ns = std::chrono::nanoseconds(kImpatientAfter).count();
  const std::int64_t now = monotonic_ns();
  std::int64_t first = 0;
  return !first_interrupt_ns.compare_exchange_strong(first, now) && now - first >= kAfter_ns;
}

// An impatient signal is raised again with its default action, which ends the process as soon as
// the handler returns.
void on_stop(int number) {
  stop = true;
  if (number == SIGINT && is_impatient()) {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
}

void on_save(int /*number*/) { save = true; }

bool is_ignored(int number) {
  struct sigaction action {};
  return sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

}  // namespace

void catch_stop_signals() {
  handle(SIGTERM, on_stop);
  for (const int number : {SIGINT, SIGHUP}) {
    if (!is_ignored(number)) handle(number, on_stop);
  }
  handle(SIGUSR1, on_save);
}

bool stop_requested() { return stop; }
void request_stop() { stop = true; }
void check_stop(const char* words) {
  if (stop_requested()) throw Stopped(words);
}
bool take_save_request() { return save.exchange(false); }

}  // namespace millrace::config
