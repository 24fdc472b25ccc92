#include "providers/open_datasets.h"

#include <spdlog/spdlog.h>

#include <numbers>
#include <stdexcept>

#include "datasets/memory_text.h"
#include "proto/files.h"
#include "providers/markov_source.h"

namespace millrace::providers {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGetText = "name another with --data.path=FILE, or fetch one with scripts/get-data tinyshakespeare";

/// A text and what to call it.
struct Text {
  std::string name;   ///< of the dataset: the file's name, or "generated-markov1"
  std::string place;  ///< for messages: the path, or "the generated corpus"
  std::string bytes;
};

[[noreturn]] void fail(const std::string& place, const std::string& what, const std::string& next) {
  throw std::runtime_error(place + ": " + what + "; " + next);
}

Text read_text(const fs::path& path) {
  if (!fs::exists(path)) {
    fail(path.empty() ? "data.path" : path.string(), "there is no such text file",
         std::string(kGetText) + ", or leave data.path unset for a generated text");
  }
  if (fs::is_directory(path)) fail(path.string(), "this is a folder, not a text file", std::string(kGetText));
  return {path.filename().string(), path.string(), proto::read_file(path)};
}

Text generated_text() {
  const MarkovSource source;
  const double nats = source.entropy_rate_nats();
  spdlog::warn(
      "no text at {}: using the generated corpus, {} characters of a Markov source with an entropy rate of {:.4f} bits = {:.4f} "
      "nats a character; for real text {}",
      kDefaultTextPath, kGeneratedCharacters, nats / std::numbers::ln2, nats, kGetText);
  return {"generated-markov1", "the generated corpus", source.generate(kGeneratedCharacters)};
}

Text load_text(const config::DataOptions& options, const fs::path& folder) {
  if (options.path) return read_text(*options.path);
  const fs::path usual = folder / kDefaultTextPath;
  return fs::exists(usual) ? read_text(usual) : generated_text();
}

}  // namespace

datasets::Datasets open_datasets(const config::DataOptions& options, const fs::path& folder) {
  const Text text = load_text(options, folder);
  const auto tokens = datasets::make_memory_text(text.bytes, text.place, {options.val_fraction, options.test_fraction});
  return {text.name, tokens->hash(), tokens->vocabulary(), {{text.name, tokens}}};
}

void describe_datasets(const datasets::Datasets& datasets, MaskToken mask, proto::StreamMeta& meta) {
  meta.dataset_name = datasets.name;
  meta.dataset_hash = datasets.hash;
  meta.vocabulary = datasets.vocabulary.tokens;
  meta.byte_level = datasets.vocabulary.byte_level;
  meta.vocab_size = datasets.vocabulary.size;
  if (mask == MaskToken::kNone) return;
  meta.mask_token_id = meta.vocab_size++;
  if (!meta.vocabulary.empty()) meta.vocabulary.emplace_back("[MASK]");
}

}  // namespace millrace::providers
