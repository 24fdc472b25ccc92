// Compares a shortened path with the path that was given (plain_path.h).
#include "datasets/io/plain_path.h"

#include <system_error>

namespace millrace::datasets {

std::filesystem::path plain_path(const std::filesystem::path& path) {
  std::filesystem::path shorter = path.lexically_normal();
  std::error_code error;
  if (std::filesystem::equivalent(path, shorter, error)) return shorter;
  // Where neither is there, no file can be confused.
  return std::filesystem::exists(path, error) || std::filesystem::exists(shorter, error) ? path
                                                                                         : shorter;
}

}  // namespace millrace::datasets
