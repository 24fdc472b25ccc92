// Two measures of generated texts: how likely they are to another model, and how varied they are.
// They are always reported together: a text that repeats itself is likely, and says nothing (arXiv
// 2409.02908). Free of LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "trainer/evaluation/likelihood_report.h"

namespace millrace::trainer {

/// −Σ p ln p over the shares p of the different tokens in a text, in nats: 0 if the text repeats
/// one token, ln n if its n tokens all differ, 0 for no tokens.
[[nodiscard]] double token_entropy(std::span<const std::int64_t> tokens);

struct GenerativePerplexity {
  std::filesystem::path folder;  ///< of the checkpoint that scored the texts
  std::uint64_t step = 0;        ///< its training steps
  /// NLL of each text's tokens after the first; the standard error is over texts.
  Estimate nats_per_token;
  double token_entropy = 0.0;  ///< of each text's tokens as generated, the mean over texts
  std::uint64_t texts = 0;
  std::uint64_t tokens = 0;  ///< scored ones
};

/// {"generative_perplexity":…,"nats_per_token":…,"standard_error":…,"token_entropy_nats":…,
/// "texts":…,"tokens":…,"checkpoint":…,"step":…}; the error is that of nats_per_token, null for a
/// single text.
[[nodiscard]] std::string to_json_line(const GenerativePerplexity& found);
/// A line for people.
[[nodiscard]] std::string to_line(const GenerativePerplexity& found);

}  // namespace millrace::trainer
