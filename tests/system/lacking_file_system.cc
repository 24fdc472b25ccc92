// A file system that lacks something, as a library to be loaded before the C library (LD_PRELOAD):
// its calls fail with the errno in LACKING_FLOCK (as on Lustre and NFS without locks) or in
// LACKING_SYMLINK (as on FAT, SMB and object stores). Calls whose variable is not set go through.
#include <dlfcn.h>

#include <cerrno>
#include <cstdlib>

namespace {

bool fails(const char* variable) {
  const char* const reason = std::getenv(variable);
  if (reason != nullptr) errno = std::atoi(reason);
  return reason != nullptr;
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int flock(int fd, int operation) noexcept {
  return fails("LACKING_FLOCK") ? -1 : next<int(int, int)>("flock")(fd, operation);
}

int symlink(const char* target, const char* path) noexcept {
  return fails("LACKING_SYMLINK") ? -1
                                  : next<int(const char*, const char*)>("symlink")(target, path);
}

int symlinkat(const char* target, int folder, const char* path) noexcept {
  return fails("LACKING_SYMLINK")
             ? -1
             : next<int(const char*, int, const char*)>("symlinkat")(target, folder, path);
}

}  // extern "C"
