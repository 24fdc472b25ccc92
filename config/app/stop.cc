// The signal handlers behind the stop flag.
#include "config/app/stop.h"

#include <atomic>
#include <csignal>

namespace millrace::config {
namespace {

std::atomic<bool> stop{false};
std::atomic<bool> signalled{false};
static_assert(std::atomic<bool>::is_always_lock_free, "signal handlers need it");

// The second signal is raised again with its default action, which ends the process as soon as the
// handler returns.
void on_signal(int number) {
  stop = true;
  if (!signalled.exchange(true)) return;
  std::signal(number, SIG_DFL);
  std::raise(number);
}

}  // namespace

void catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool stop_requested() { return stop; }
void request_stop() { stop = true; }

}  // namespace millrace::config
