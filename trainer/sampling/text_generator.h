// A checkpoint's model, ready to write texts. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  /// `given`: a checkpoint, or an output folder. Throws UsageError for one that cannot be used and
  /// for a sampler that does not go with it.
  TextGenerator(const std::filesystem::path& given, const SamplingOptions& choice);

  [[nodiscard]] const proto::Checkpoint& checkpoint() const { return checkpoint_; }
  [[nodiscard]] const proto::StreamMeta& meta() const { return checkpoint_.state.meta; }
  [[nodiscard]] const config::Options& options() const { return options_; }
  [[nodiscard]] TextCodec& codec() { return codec_; }
  /// Tokens of the clean text that the model writes behind; 0: none.
  [[nodiscard]] std::uint64_t prefix_length() const;
  /// Tokens of its longest text, that prefix not counted.
  [[nodiscard]] std::uint64_t longest() const;

  /// Writes a text for each sample of the dice behind `prefix` i64 [B, P], which is undefined where
  /// there is none. Adds to `result`; `first` is the number of the first sample. Returns the texts'
  /// tokens, i64 [B, L].
  torch::Tensor write(const Prompt& prompt, const torch::Tensor& prefix, SampleRng& rng,
                      std::uint64_t first, const OnStep& on_step, SampleResult& result);

 private:
  [[nodiscard]] SamplerInput draft(const Prompt& prompt, const torch::Tensor& prefix,
                                   std::int64_t samples) const;
  void show(const SampleStep& step, std::uint64_t first, const OnStep& on_step) const;

  proto::Checkpoint checkpoint_;
  config::Options options_;
  torch::Device device_;
  Precision precision_;
  TextCodec codec_;
  std::unique_ptr<Sampler> sampler_;
  std::shared_ptr<Model> model_;
};

}  // namespace millrace::trainer
