// `sample`: generates texts with a checkpoint's model, or with the three models of a cascade, each
// continuing the texts of the one before. It needs the checkpoints alone, not their data. Free of
// LibTorch.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "proto/meta.h"
#include "trainer/sampling/sampling_options.h"
#include "trainer/text/prompt.h"

namespace millrace::trainer {

struct WrittenText {
  std::uint64_t number = 0;
  std::string text;
  std::vector<std::int64_t> tokens;
};

/// A text after one step.
struct TextStep {
  std::uint64_t number = 0;  ///< the text's
  std::uint64_t step = 0;    ///< steps done; 0: before the first
  std::uint32_t stage = 0;   ///< of a cascade, from 1; 0: no cascade
  std::string text;          ///< each mask as kMaskMark (glyphs.h)
  std::vector<std::int64_t> tokens;
};
using OnStep = std::function<void(const TextStep&)>;

struct SampleResult {
  std::filesystem::path folder;  ///< the checkpoint that was used
  std::uint64_t step = 0;        ///< the training steps of the checkpoint
  std::uint64_t network_calls = 0;
  std::uint64_t clamped = 0;       ///< transitions with a negative probability (sampler.h)
  std::vector<WrittenText> texts;  ///< fewer than requested if the program was asked to stop
  proto::StreamMeta meta{};        ///< the checkpoint's stream, which has the vocabulary
};

inline constexpr std::uint64_t kDefaultSeed = 1337;

struct SampleRequest {
  /// A checkpoint, or an output folder: its best checkpoint, or else its latest.
  std::filesystem::path checkpoint;
  std::uint64_t samples = 1;
  std::uint64_t seed = kDefaultSeed;
  SamplingOptions options;
  PromptRequest prompt;
  OnStep on_step;  ///< may be empty
};

/// Throws UsageError for a checkpoint that cannot be used, a prompt that does not fit it, and a
/// sampler that does not go with it.
[[nodiscard]] SampleResult sample_checkpoint(const SampleRequest& request);

struct CascadeRequest {
  std::array<std::filesystem::path, 3> stages;
  std::uint64_t samples = 1;
  std::uint64_t seed = kDefaultSeed;
  SamplingOptions options;
  OnStep on_step;
};

struct CascadeResult {
  std::array<SampleResult, 3> stages;
  /// The share of the tokens of stage 1, and of stage 2, that the final text has too: the mean over
  /// texts.
  std::array<double, 2> kept{};
};

/// Throws UsageError for checkpoints that are not the stages of one cascade, in order, with the
/// same lengths and vocabulary.
[[nodiscard]] CascadeResult sample_cascade(const CascadeRequest& request);

}  // namespace millrace::trainer
