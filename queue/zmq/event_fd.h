// An eventfd: wakes a thread that is in wait() of queue/zmq/socket.h. notify() from any thread.
#pragma once

namespace millrace::queue {

class EventFd {
 public:
  /// Throws std::runtime_error if the system has no descriptor left.
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
