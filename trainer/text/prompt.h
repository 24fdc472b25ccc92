// The given tokens of a text to be generated. Free of LibTorch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trainer/text/text_codec.h"

namespace millrace::trainer {

inline constexpr const char* kMaskText = "[MASK]";

/// The flags of the same names. Texts are given as they are, or as FILE:PATH.
struct PromptRequest {
  std::optional<std::string> start{};          ///< the beginning
  std::optional<std::string> suffix{};         ///< the end
  std::optional<std::string> template_text{};  ///< the whole text, with [MASK] for each free token
  /// Tokens of the whole text; unset: those of the template, or else the longest possible.
  std::optional<std::uint64_t> length{};
};

struct Prompt {
  std::vector<std::int64_t> tokens;
  std::vector<bool> fixed;  ///< for each token whether it is given; a free token is 0
};

/// `longest`: tokens of the model's longest text. Throws UsageError as TextCodec does; for a file
/// that cannot be read; for more tokens than `longest` or than the length; and for a template with
/// a start, a suffix or another length.
[[nodiscard]] Prompt read_prompt(const PromptRequest& request, TextCodec& codec,
                                 std::uint64_t longest);

}  // namespace millrace::trainer
