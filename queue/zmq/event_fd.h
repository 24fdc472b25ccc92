// A bell that wakes a thread which waits in queue/zmq/socket.h's wait(). Ringing is for any thread.
#pragma once

namespace millrace::queue {

class Bell {
 public:
  /// Throws std::runtime_error where the system has no descriptor left.
  Bell();
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  void ring() const;
  void silence() const;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace millrace::queue
