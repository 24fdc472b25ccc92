// From a checkpoint and texts to the texts' perplexity (perplexity_scorer.h).
#include "trainer/evaluation/perplexity_scorer.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "config/errors.h"
#include "trainer/checkpoint/given_checkpoint.h"
#include "trainer/device/machine.h"
#include "trainer/device/precision.h"
#include "trainer/evaluation/score_texts.h"
#include "trainer/objectives/objectives.h"
#include "trainer/text/text_codec.h"

namespace millrace::trainer {
namespace {

using config::UsageError;

const std::string kFlag = "--eval-perplexity";

config::Options autoregressive_recipe(const std::filesystem::path& folder,
                                      const std::vector<config::Override>& overrides) {
  config::Options options = recipe_of(folder, overrides);
  if (objective_entry(options.train.objective).prediction != Prediction::kNextToken) {
    throw UsageError(kFlag + " " + folder.string() + " is a checkpoint of train.objective = \"" +
                     options.train.objective +
                     "\", which says no exact likelihood; give one of \"ar\"");
  }
  return options;
}

double mean_entropy(const std::vector<WrittenText>& texts) {
  double sum = 0.0;
  for (const WrittenText& text : texts) sum += token_entropy(text.tokens);
  return sum / static_cast<double>(texts.size());
}

}  // namespace

/// The checkpoint with its model.
struct PerplexityScorer::Loaded {
  Loaded(const std::filesystem::path& given, const std::vector<config::Override>& overrides)
      : checkpoint(open_given(given, kFlag)),
        options(autoregressive_recipe(checkpoint.folder, overrides)),
        device(choose_device(options.train.device, 0)),
        precision(choose_precision(options.train.dtype, device)),
        codec(checkpoint.state.meta, options.data.tokenizer) {
    prepare_cpu(options.train.threads);
    model =
        trained_model(checkpoint, options, weights_of(checkpoint.folder, {}), device, precision);
  }

  [[nodiscard]] std::string name() const { return kFlag + " " + checkpoint.folder.string(); }

  /// The texts in this model's tokens.
  [[nodiscard]] std::vector<std::vector<std::int64_t>> encode(const std::vector<WrittenText>& texts,
                                                              const proto::StreamMeta& meta) {
    const proto::StreamMeta& own = checkpoint.state.meta;
    const bool same = same_tokens(meta, own);
    if (!same && (meta.vocabulary.empty() || own.vocabulary.empty())) {
      throw UsageError(name() + " has " + std::to_string(own.vocab_size) +
                       " tokens, the texts have " + std::to_string(meta.vocab_size) +
                       ", and what they spell is not known; give a checkpoint of the same tokens");
    }
    std::vector<std::vector<std::int64_t>> encoded;
    for (const WrittenText& text : texts) {
      encoded.push_back(
          same ? text.tokens
               : codec.encode(text.text, name() + ": sample " + std::to_string(text.number)));
    }
    return encoded;
  }

  proto::Checkpoint checkpoint;
  config::Options options;
  torch::Device device;
  Precision precision;
  TextCodec codec;
  std::shared_ptr<Model> model;
};

PerplexityScorer::PerplexityScorer(const std::filesystem::path& given,
                                   const std::vector<config::Override>& overrides)
    : loaded_(std::make_unique<Loaded>(given, overrides)) {}

PerplexityScorer::~PerplexityScorer() = default;

std::optional<GenerativePerplexity> PerplexityScorer::score(const std::vector<WrittenText>& texts,
                                                            const proto::StreamMeta& meta) {
  if (texts.empty()) return std::nullopt;
  const auto encoded = loaded_->encode(texts, meta);
  std::vector<double> scored;
  for (const auto& tokens : encoded) {
    scored.push_back(static_cast<double>(std::max<std::size_t>(tokens.size(), 1) - 1));
  }
  const double all = std::accumulate(scored.begin(), scored.end(), 0.0);
  if (all == 0.0) {
    throw UsageError(
        kFlag +
        " scores the tokens after a text's first, and no text has any; give a greater --length");
  }
  const torch::NoGradGuard no_grad;
  const AutocastScope autocast(loaded_->precision, loaded_->device);
  const auto nats = nats_of(*loaded_->model, encoded,
                            {loaded_->checkpoint.state.meta.block_size,
                             loaded_->options.train.batch_size, loaded_->device});
  if (!nats) return std::nullopt;
  return GenerativePerplexity{loaded_->checkpoint.folder,
                              loaded_->checkpoint.state.step,
                              ratio_of(*nats, scored),
                              mean_entropy(texts),
                              texts.size(),
                              static_cast<std::uint64_t>(all)};
}

}  // namespace millrace::trainer
