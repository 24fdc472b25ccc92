// Looks at what a call throws.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace millrace::testing {

/// What `call` throws as E, or a sentence that it did not.
template <class E, class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  return "(nothing was thrown)";
}

inline ::testing::AssertionResult contains(std::string_view text, std::string_view part) {
  if (text.find(part) != std::string_view::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "'" << part << "' is not in: " << text;
}

}  // namespace millrace::testing
