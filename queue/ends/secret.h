// Secrets that the ranks of a run share, so that nobody else can pose as one of them.
#pragma once

#include <string>
#include <string_view>

namespace millrace::queue {

/// 32 random bytes from the system, in hex. Throws std::runtime_error if it has none.
[[nodiscard]] std::string random_secret();

/// Whether two secrets are the same, in a time that tells nothing about where they differ. An empty
/// secret is nobody's.
[[nodiscard]] bool is_same_secret(std::string_view expected, std::string_view given);

}  // namespace millrace::queue
