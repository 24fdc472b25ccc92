// `sample --eval-perplexity`: an autoregressive checkpoint that scores the texts of another one.
// Free of LibTorch; one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "config/recipe.h"
#include "proto/meta.h"
#include "trainer/evaluation/generative_perplexity.h"
#include "trainer/sampling/sample.h"

namespace millrace::trainer {

class PerplexityScorer {
 public:
  /// `given`: a checkpoint, or an output folder. Uses the parameters' moving average where there is
  /// one. Throws UsageError for a checkpoint that cannot be used, and for one that is not
  /// autoregressive: only those give exact likelihoods.
  PerplexityScorer(const std::filesystem::path& given,
                   const std::vector<config::Override>& overrides);
  ~PerplexityScorer();

  /// Scores texts generated on the stream `meta`. If both streams have the same tokens, it scores
  /// the tokens; else the texts, encoded with its own vocabulary. Throws UsageError for a text that
  /// it cannot encode, and if no text has a second token. Empty: asked to stop, or no texts.
  [[nodiscard]] std::optional<GenerativePerplexity> score(const std::vector<WrittenText>& texts,
                                                          const proto::StreamMeta& meta);

 private:
  struct Loaded;
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace millrace::trainer
