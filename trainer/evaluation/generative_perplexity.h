// How likely written texts are to another model, and how varied they are. The two are told
// together: a text that repeats itself is likely, and says nothing (arXiv 2409.02908). Free of
// LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "trainer/evaluation/likelihood_report.h"

namespace millrace::trainer {

struct GenerativePerplexity {
  std::filesystem::path folder;  ///< the checkpoint that scored
  std::uint64_t step = 0;
  /// −ln p of each token after a text's first; texts are what is drawn independently.
  Estimate nats_per_token;
  /// Nats, of each text's tokens as they were sampled (token_entropy.h), the mean over texts.
  double token_entropy = 0.0;
  std::uint64_t texts = 0;
  std::uint64_t tokens = 0;  ///< that were scored
};

/// {"generative_perplexity":…,"nats_per_token":…,"standard_error":…,"token_entropy_nats":…,"texts":…,"tokens":…,"checkpoint":…,
/// "step":…}; the error is that of nats_per_token, null for a single text.
[[nodiscard]] std::string to_json_line(const GenerativePerplexity& found);
/// A line for people.
[[nodiscard]] std::string to_line(const GenerativePerplexity& found);

}  // namespace millrace::trainer
