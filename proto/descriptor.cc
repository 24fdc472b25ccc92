// Writing to a file descriptor, past interruptions, short writes and full pipes.
#include "proto/descriptor.h"

#include <cerrno>

#include "base/retry.h"
#include "proto/disk.h"

namespace millrace::proto {

void write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (base::should_retry(errno, fd, POLLOUT)) continue;
      throw DiskError(path, "cannot write", errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace millrace::proto
