// A checkpoint's model with its sampler, ready to write texts. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "config/options.h"
#include "proto/checkpoint.h"
#include "trainer/device/precision.h"
#include "trainer/models/model.h"
#include "trainer/sampling/sample.h"
#include "trainer/sampling/sampler.h"
#include "trainer/text/text_codec.h"

namespace millrace::trainer {

class TextGenerator {
 public:
  /// `given`: a checkpoint, or an output folder. Throws UsageError for a checkpoint that cannot be
  /// used, and for a sampler that does not go with it.
  TextGenerator(const std::filesystem::path& given, const SamplingOptions& choice);

  [[nodiscard]] const proto::Checkpoint& checkpoint() const { return checkpoint_; }
  [[nodiscard]] const proto::StreamMeta& meta() const { return checkpoint_.state.meta; }
  [[nodiscard]] const config::Options& options() const { return options_; }
  [[nodiscard]] TextCodec& codec() { return codec_; }
  /// The number of tokens of an earlier stage that the model continues; 0: it continues none.
  [[nodiscard]] std::uint64_t prefix_length() const;
  /// The number of tokens of the model's longest text, without that prefix.
  [[nodiscard]] std::uint64_t longest() const;
  /// Whether the sampler needs a start and writes only after it.
  [[nodiscard]] bool left_to_right() const { return left_to_right_; }

  /// A result that names the checkpoint and has no texts yet.
  [[nodiscard]] SampleResult empty_result() const;

  /// Writes one text for each sample of `rng`, numbered from `first`, and adds them to `result`.
  /// `prefix`: i64 [B, P], undefined if the model continues none. Returns the texts' tokens, i64
  /// [B, L], without the prefix.
  torch::Tensor write(const Prompt& prompt, const torch::Tensor& prefix, SampleRng& rng,
                      std::uint64_t first, const OnStep& on_step, SampleResult& result);

 private:
  [[nodiscard]] SamplerInput input_of(const Prompt& prompt, const torch::Tensor& prefix,
                                      std::int64_t samples) const;
  [[nodiscard]] torch::Tensor without_prefix(const torch::Tensor& tokens) const;
  void show(const SampleStep& step, std::uint64_t first, const OnStep& on_step) const;

  proto::Checkpoint checkpoint_;
  config::Options options_;
  torch::Device device_;
  Precision precision_;
  TextCodec codec_;
  bool left_to_right_ = false;
  std::unique_ptr<Sampler> sampler_;
  std::shared_ptr<Model> model_;
};

}  // namespace millrace::trainer
