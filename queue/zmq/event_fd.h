// An eventfd: wakes a thread that is in wait() of queue/zmq/socket.h. notify() from any thread.
#pragma once

#include "proto/descriptor.h"

namespace millrace::queue {

class EventFd {
 public:
  /// Throws std::runtime_error if the system has no descriptor left.
  EventFd();
  void notify() const;
  void clear() const;
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  proto::Descriptor fd_;
};

}  // namespace millrace::queue
