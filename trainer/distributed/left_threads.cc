// Leaving at exit (left_threads.h).
#include "trainer/distributed/left_threads.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace millrace::trainer {

void leave_thread_at_exit() {
  static std::once_flag once;
  // Called first of all at exit, since it is registered last.
  std::call_once(once, [] {
    ::on_exit(
        [](int status, void*) {
          std::fflush(nullptr);
          ::_exit(status);
        },
        nullptr);
  });
}

}  // namespace millrace::trainer
