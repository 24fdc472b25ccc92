// `sample`: texts that a checkpoint's model writes. It needs the checkpoint alone, not its data. Free of LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/recipe.h"
#include "trainer/prompt.h"

namespace millrace::trainer {

struct SampleRequest {
  std::filesystem::path checkpoint;  ///< a checkpoint, or an output folder: its best one then, else its latest
  std::uint64_t samples = 1;
  std::uint64_t seed = 1337;
  std::optional<std::uint64_t> steps;  ///< unset: 64, or fewer where the model knows fewer
  std::string sampler;                 ///< empty: the objective's first
  double temperature = 1.0;
  std::uint64_t top_k = 0;  ///< 0: all tokens
  double top_p = 1.0;
  PromptRequest prompt;
  std::optional<std::string> weights;       ///< "ema" or "raw"; unset: the average where the checkpoint has one
  std::vector<config::Override> overrides;  ///< of keys that shape the run alone, such as train.device; and data.tokenizer
};

struct WrittenText {
  std::uint64_t number = 0;
  std::string text;
  std::vector<std::int64_t> tokens;
};

struct SampleResult {
  std::filesystem::path folder;  ///< the checkpoint that was taken
  std::uint64_t step = 0;
  std::uint64_t network_calls = 0;
  std::uint64_t clamped = 0;       ///< transitions with a negative probability (sampler.h)
  std::vector<WrittenText> texts;  ///< fewer than asked for where asked to stop
};

/// Throws UsageError for a checkpoint that cannot be used, a prompt that does not fit it, a sampler that does not go with it.
[[nodiscard]] SampleResult sample_checkpoint(const SampleRequest& request);

}  // namespace millrace::trainer
