// `sample`: texts that a checkpoint's model writes, or the three of a cascade one behind the other.
// It needs the checkpoints alone, not their data. Free of LibTorch.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/recipe.h"
#include "proto/meta.h"
#include "trainer/sampling/editing.h"
#include "trainer/text/prompt.h"

namespace millrace::trainer {

/// How a checkpoint is to write.
struct SamplingOptions {
  std::optional<std::uint64_t> steps;  ///< unset: 64, or fewer where the model knows fewer
  std::string sampler;                 ///< empty: the objective's first
  double temperature = 1.0;
  std::uint64_t top_k = 0;  ///< 0: all tokens
  double top_p = 1.0;
  EditPlan editing;  ///< of the sampler editing
  std::optional<std::string>
      weights;  ///< "ema" or "raw"; unset: the average where the checkpoint has one
  /// Of keys that shape the run alone, such as train.device; and data.tokenizer.
  std::vector<config::Override> overrides;
};

struct WrittenText {
  std::uint64_t number = 0;
  std::string text;
  std::vector<std::int64_t> tokens;
};

/// A text in the middle of being written.
struct TextStep {
  std::uint64_t number = 0;
  std::uint64_t step = 0;   ///< steps done; 0: as it begins
  std::uint32_t stage = 0;  ///< of a cascade, from 1; 0: there is none
  std::string text;         ///< with a mark for each mask (glyphs.h)
  std::vector<std::int64_t> tokens;
};
using OnStep = std::function<void(const TextStep&)>;

struct SampleResult {
  std::filesystem::path folder;  ///< the checkpoint that was taken
  std::uint64_t step = 0;
  std::uint64_t network_calls = 0;
  std::uint64_t clamped = 0;       ///< transitions with a negative probability (sampler.h)
  std::vector<WrittenText> texts;  ///< fewer than asked for where asked to stop
  proto::StreamMeta meta{};        ///< what the tokens are
};

struct SampleRequest {
  /// A checkpoint, or an output folder: its best one then, else its latest.
  std::filesystem::path checkpoint;
  std::uint64_t samples = 1;
  std::uint64_t seed = 1337;
  SamplingOptions choice;
  PromptRequest prompt;
  OnStep on_step;  ///< may be empty
};

/// Throws UsageError for a checkpoint that cannot be used, a prompt that does not fit it, a sampler
/// that does not go with it.
[[nodiscard]] SampleResult sample_checkpoint(const SampleRequest& request);

struct CascadeRequest {
  std::array<std::filesystem::path, 3> stages;
  std::uint64_t samples = 1;
  std::uint64_t seed = 1337;
  SamplingOptions choice;
  OnStep on_step;
};

struct CascadeResult {
  std::array<SampleResult, 3> stages;
  /// Which share of the tokens of stages 1 and 2 is found in the final text too, the mean over
  /// texts.
  std::array<double, 2> kept{};
};

/// Each stage writes behind the tokens of the one before. Throws UsageError for checkpoints that
/// are not the stages of one cascade: other lengths, another vocabulary, another order.
[[nodiscard]] CascadeResult sample_cascade(const CascadeRequest& request);

}  // namespace millrace::trainer
