// A slow disk under rank 0, as a library to be loaded before the C library (LD_PRELOAD). By the
// number of seconds in these variables: SLOW_FSYNC_S each fsync takes longer; SLOW_OPEN_S opening a
// file optimizer.safetensors to read it does.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <cstdarg>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace {

void take_longer(const char* variable) {
  const char* const seconds = std::getenv(variable);
  const char* const rank = std::getenv("RANK");
  if (seconds == nullptr || (rank != nullptr && std::string_view(rank) != "0")) return;
  std::this_thread::sleep_for(std::chrono::duration<double>(std::atof(seconds)));
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

int open_slowly(const char* name, int folder, const char* path, int flags, mode_t mode) {
  if ((flags & O_ACCMODE) == O_RDONLY &&
      std::string_view(path).ends_with("optimizer.safetensors")) {
    take_longer("SLOW_OPEN_S");
  }
  return next<int(int, const char*, int, mode_t)>(name)(folder, path, flags, mode);
}

mode_t mode_of(int flags, std::va_list rest) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

}  // namespace

extern "C" {

int fsync(int fd) {
  take_longer("SLOW_FSYNC_S");
  return next<int(int)>("fsync")(fd);
}

int openat(int folder, const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_slowly("openat", folder, path, flags, mode);
}

int openat64(int folder, const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_slowly("openat64", folder, path, flags, mode);
}

}  // extern "C"
