// What a piece of work complains of.
#pragma once

#include <string>

#include "config/errors.h"

namespace millrace::testing {

/// The sentence of the UsageError that `work` throws, or "none".
template <class Work>
std::string complaint(Work work) {
  try {
    work();
  } catch (const config::UsageError& error) {
    return error.what();
  }
  return "none";
}

}  // namespace millrace::testing
