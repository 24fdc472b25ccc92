// The listening UNIX socket of an ipc:// address. It is made here and handed to ZeroMQ, which by
// itself would first delete whatever lies at the path, and take the path over from a process that
// listens there.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace millrace::queue {

class UnixListener {
 public:
  /// Listens at `path`. A socket that nobody listens at any more, which a killed process leaves
  /// behind, is replaced. Throws std::system_error with EADDRINUSE if a process listens there,
  /// EEXIST if something lies there that is no socket, and with the system's reason for a path that
  /// cannot be used.
  explicit UnixListener(std::filesystem::path path);
  /// Removes the socket's file, if that is still the one that was made.
  ~UnixListener();
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  /// The descriptor; whoever takes it closes it. Once.
  [[nodiscard]] int take_fd();

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace millrace::queue
