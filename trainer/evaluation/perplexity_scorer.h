// A checkpoint that scores texts which another one wrote. Free of LibTorch; one thread.
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
  /// `given`: a checkpoint, or an output folder; the parameters' average is taken where there is
  /// one. Throws UsageError for one that cannot be used, and for one that is not autoregressive: of
  /// no other are the likelihoods exact.
  PerplexityScorer(const std::filesystem::path& given,
                   const std::vector<config::Override>& overrides);
  ~PerplexityScorer();

  /// Texts that were written with the stream `meta`. Where a token is the same to both, the tokens
  /// are scored, else the texts as the judge encodes them. Throws UsageError for a text that it
  /// cannot encode, and where none has a second token. Empty: asked to stop, or no texts.
  [[nodiscard]] std::optional<GenerativePerplexity> score(const std::vector<WrittenText>& texts,
                                                          const proto::StreamMeta& meta);

 private:
  struct Bench;
  std::unique_ptr<Bench> bench_;
};

}  // namespace millrace::trainer
