// An eventfd (event_fd.h).
#include "queue/zmq/event_fd.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>

namespace millrace::queue {

EventFd::EventFd() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!fd_.is_open()) {
    throw std::runtime_error("the system has no eventfd left (too many open files?)");
  }
}

void EventFd::notify() const {
  const std::uint64_t one = 1;
  // Fails only if the counter is full; the descriptor is readable then, too.
  [[maybe_unused]] const ssize_t written = ::write(fd(), &one, sizeof one);
}

void EventFd::clear() const {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd(), &count, sizeof count);
}

}  // namespace millrace::queue
