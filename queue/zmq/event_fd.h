// A bell that wakes a thread which waits in queue/zmq/socket.h's wait(). Ringing is for any thread.
#pragma once

namespace millrace::queue {

class EventFd {
 public:
  /// Throws std::runtime_error where the system has no descriptor left.
  EventFd();
  ~EventFd();
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;
  void notify() const;
  void clear() const;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace millrace::queue
