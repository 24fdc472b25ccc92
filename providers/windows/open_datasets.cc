// Opens a recipe's datasets, the default text, the built-in text or a Markov text
// (open_datasets.h).
#include "providers/windows/open_datasets.h"

#include <spdlog/spdlog.h>

#include <numbers>
#include <vector>

#include "config/dataset_keys.h"
#include "config/errors.h"
#include "datasets/characters/memory_text.h"
#include "datasets/open/documents.h"
#include "datasets/open/open_sets.h"
#include "providers/grammar/english.h"
#include "providers/markov/markov_text.h"

namespace millrace::providers {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGetText =
    "name another with --data.path=FILE, or fetch one with scripts/get-data tinyshakespeare";

datasets::Datasets built_in(const config::DataOptions& options) {
  if (options.format != "auto" || !options.column.empty()) {
    throw config::UsageError(
        "data.format and data.column are of a file of yours, and data.path names none; name it "
        "with --data.path=FILE");
  }
  if (!options.vocabulary.empty() || !options.tokenizer.empty()) {
    throw config::UsageError(
        "data.vocabulary and data.tokenizer are of a text of yours, and there is none at " +
        std::string(kDefaultTextPath) + "; " + std::string(kGetText));
  }
  const double nats = english().entropy_rate_nats();
  spdlog::warn(
      "no text at {}: using the built-in text, {} characters of English sentences from a grammar "
      "with an entropy rate of {:.4f} bits = {:.4f} nats a character; for real text {}",
      kDefaultTextPath, kBuiltInCharacters, nats / std::numbers::ln2, nats, kGetText);
  const auto text =
      datasets::make_memory_text(english_text(kBuiltInCharacters), "the built-in text",
                                 {options.val_fraction, options.test_fraction});
  return {kEnglishName, text->hash(), text->vocabulary(), {{kEnglishName, text}}};
}

}  // namespace

std::vector<datasets::NamedSpec> named_datasets(const config::DataOptions& options) {
  std::vector<datasets::NamedSpec> specs;
  for (const config::DatasetOptions& dataset : config::selected_datasets(options)) {
    specs.push_back({dataset.name,
                     {dataset.path, dataset.format, dataset.column, dataset.max_chars,
                      options.cache, options.missing == "skip", options.max_decompressed_bytes}});
  }
  if (specs.empty() && options.path) specs.push_back({{}, datasets::spec_of(options)});
  return specs;
}

datasets::Datasets open_datasets(const config::DataOptions& options, const fs::path& folder) {
  std::vector<datasets::NamedSpec> specs = named_datasets(options);
  const fs::path usual = folder / kDefaultTextPath;
  if (specs.empty() && fs::exists(usual)) {
    specs.push_back({{}, datasets::spec_of(options)});
    specs.back().spec.path = usual.string();
  }
  return specs.empty() ? built_in(options)
                       : datasets::open_sets(specs, datasets::set_options(options));
}

datasets::Datasets open_datasets(const config::Options& options) {
  if (options.data.format != "markov") return open_datasets(options.data);
  if (options.data.path) {
    throw config::UsageError("data.format = \"markov\" makes its own text, and data.path = \"" +
                             *options.data.path + "\"; leave one of them unset");
  }
  const MarkovProcess process(options.provider.source_symbols, options.provider.source_order);
  const auto text =
      make_markov_text(process, {options.data.val_fraction, options.data.test_fraction});
  return {process.name(), text->hash(), text->vocabulary(), {{process.name(), text}}};
}

}  // namespace millrace::providers
