// The two kinds of failure that a program tells apart by its exit status.
#pragma once

#include <stdexcept>

namespace millrace::config {

/// The user asked for something that cannot be: a wrong flag, key or value. Exit status 2; every
/// other exception gives 1.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace millrace::config
