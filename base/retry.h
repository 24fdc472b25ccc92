// Reads and writes that are made again: past interruptions, and where somebody who shares the
// descriptor has made it non-blocking.
#pragma once

#include <poll.h>

#include <cerrno>

namespace millrace::base {

/// Whether a read or write of `fd` that failed with `reason` is to be made again. Where it would
/// have had to wait, waits for `events` (POLLIN, POLLOUT) first.
[[nodiscard]] inline bool should_retry(int reason, int fd, short events) {
  if (reason == EAGAIN) {
    pollfd waiting{fd, events, 0};
    ::poll(&waiting, 1, -1);
  }
  return reason == EAGAIN || reason == EINTR;
}

}  // namespace millrace::base
