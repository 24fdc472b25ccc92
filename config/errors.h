// UsageError, which programs report with an exit status of its own.
#pragma once

#include <stdexcept>

namespace millrace::config {

/// Wrong usage: a wrong flag, key or value. Exit status 2; every other exception gives 1.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace millrace::config
