// What is given of a text before it is written. Free of LibTorch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trainer/text/text_codec.h"

namespace millrace::trainer {

inline constexpr const char* kMaskText = "[MASK]";

/// Each either a text, or FILE:PATH for a file's.
struct PromptRequest {
  std::optional<std::string> start{};          ///< what it begins with
  std::optional<std::string> suffix{};         ///< what it ends with
  std::optional<std::string> template_text{};  ///< all of it; each [MASK] is a token to be written
  /// Tokens, with what is given; unset: the template's, else the longest.
  std::optional<std::uint64_t> length{};
};

struct Prompt {
  std::vector<std::int64_t> tokens;
  std::vector<bool> fixed;  ///< of the same length; elsewhere the token is 0
};

/// Throws UsageError for what TextCodec refuses, for a file that cannot be read, for more tokens
/// than `longest` or than the length, and for a template beside a start, a suffix or another
/// length.
[[nodiscard]] Prompt read_prompt(const PromptRequest& request, TextCodec& codec,
                                 std::uint64_t longest);

}  // namespace millrace::trainer
