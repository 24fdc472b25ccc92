// Writing to a file descriptor, past interruptions, short writes and full pipes.
#include "proto/descriptor.h"

#include <poll.h>

#include <cerrno>

#include "proto/disk.h"

namespace millrace::proto {

void write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {  // whoever shares the descriptor has made it non-blocking
        pollfd full{fd, POLLOUT, 0};
        ::poll(&full, 1, -1);
        continue;
      }
      throw DiskError(path, "cannot write", errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace millrace::proto
