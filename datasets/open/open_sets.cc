// Decides whether datasets are read as characters or as tokens, and opens them (open_sets.h).
#include "datasets/open/open_sets.h"

#include <algorithm>

#include "base/text.h"
#include "config/errors.h"
#include "datasets/open/open_characters.h"
#include "datasets/open/open_tokens.h"
#include "proto/digest.h"

namespace millrace::datasets {
namespace {

bool holds_tokens(const SourceFiles& sources) { return sources.format->holds_tokens(); }

/// Whether the datasets are read as tokens. Throws config::UsageError for options or files of both
/// kinds that do not go together.
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

std::string hash_of(const std::vector<Dataset>& parts) {
  if (parts.size() == 1) return parts.front().text->hash();
  std::string all = "datasets";
  for (const Dataset& each : parts) all += " " + each.text->hash();
  return proto::hex16(proto::xxh64(all));
}

UnknownCharacters unknown_from(std::string_view name) {
  if (name == "replace") return UnknownCharacters::kReplace;
  return name == "drop" ? UnknownCharacters::kDrop : UnknownCharacters::kError;
}

}  // namespace

SetOptions set_options(const config::DataOptions& options) {
  return {.shares = {options.val_fraction, options.test_fraction},
          .tokenizer = options.tokenizer,
          .vocabulary = options.vocabulary,
          .unknown = unknown_from(options.unknown),
          .vocab_size = options.vocab_size};
}

std::string name_of(const NamedSpec& named) {
  return named.name.empty() ? name_of_dataset(named.spec.path) : named.name;
}

Datasets open_sets(std::span<const NamedSpec> specs, const SetOptions& options) {
  std::vector<SourceFiles> sources;
  for (const NamedSpec& each : specs) sources.push_back(find_sources(each.spec));
  std::vector<Dataset> parts = are_tokens(sources, options)
                                   ? open_tokens(specs, sources, options)
                                   : open_characters(specs, sources, options);
  return {base::joined(parts, "+", &Dataset::name), hash_of(parts),
          parts.front().text->vocabulary(), std::move(parts)};
}

}  // namespace millrace::datasets
