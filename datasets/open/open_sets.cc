#include "datasets/open/open_sets.h"

#include <algorithm>

#include "config/errors.h"
#include "datasets/open/open_characters.h"
#include "datasets/open/open_tokens.h"
#include "proto/digest.h"

namespace millrace::datasets {
namespace {

bool holds_tokens(const SourceFiles& sources) {
  return sources.format == Format::kTokens || sources.format == Format::kTokenFolder;
}

/// Whether the datasets are read as tokens. All must be of one kind.
bool are_tokens(std::span<const SourceFiles> sources, const SetOptions& options) {
  const auto tokens = std::ranges::find_if(sources, holds_tokens);
  const auto text = std::ranges::find_if_not(sources, holds_tokens);
  const bool has_tokenizer = !options.tokenizer.empty();
  if (has_tokenizer && !options.vocabulary.empty()) {
    throw config::UsageError(
        "data.vocabulary is of characters, and data.tokenizer makes tokens; set one of the two");
  }
  if (tokens == sources.end()) return has_tokenizer;
  if (!options.vocabulary.empty()) {
    throw config::UsageError(tokens->path.string() +
                             ": data.vocabulary is of characters, and these are token files; name "
                             "their tokenizer with --data.tokenizer=PATH");
  }
  if (text != sources.end() && !has_tokenizer) {
    throw config::UsageError(
        text->path.string() + ": a text beside token files (" + tokens->path.string() +
        ") must be made tokens too; name the tokenizer of those with --data.tokenizer=PATH");
  }
  return true;
}

std::string joined(const std::vector<Dataset>& parts) {
  std::string names;
  for (const Dataset& each : parts) names += (names.empty() ? "" : "+") + each.name;
  return names;
}

std::string hash_of(const std::vector<Dataset>& parts) {
  if (parts.size() == 1) return parts.front().text->hash();
  std::string all = "datasets";
  for (const Dataset& each : parts) all += " " + each.text->hash();
  return proto::hex16(proto::xxh64(all));
}

}  // namespace

SetOptions set_options(const config::DataOptions& options) {
  return {.shares = {options.val_fraction, options.test_fraction},
          .tokenizer = options.tokenizer,
          .vocabulary = options.vocabulary,
          .unknown = options.unknown,
          .vocab_size = options.vocab_size};
}

Datasets open_sets(std::span<const NamedSpec> specs, const SetOptions& options) {
  std::vector<SourceFiles> sources;
  for (const NamedSpec& each : specs) sources.push_back(find_sources(each.spec));
  std::vector<Dataset> parts = are_tokens(sources, options)
                                   ? open_tokens(specs, sources, options)
                                   : open_characters(specs, sources, options);
  return {joined(parts), hash_of(parts), parts.front().text->vocabulary(), std::move(parts)};
}

}  // namespace millrace::datasets
