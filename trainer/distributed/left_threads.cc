// Leaving at exit (left_threads.h).
#include "trainer/distributed/left_threads.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace millrace::trainer {

void leave_thread_at_exit() {
  static std::once_flag once;
  // Called at exit before the destructors of all static objects that exist by now, those of
  // LibTorch's libraries among them. Function-local ones made later are destroyed before it.
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
