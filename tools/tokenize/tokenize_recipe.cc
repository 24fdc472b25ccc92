// A recipe as a request for tokenize().
#include "tools/tokenize/tokenize_recipe.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <stdexcept>

#include "config/errors.h"
#include "config/output_folder.h"
#include "datasets/bpe/bpe_files.h"
#include "datasets/index/splits.h"
#include "datasets/open/documents.h"
#include "datasets/sources/source_files.h"
#include "tools/tokenize/split_documents.h"
#include "tools/tokenize/tokenize_files.h"

namespace millrace::tools {
namespace {

void check(const config::DataOptions& data) {
  if (data.tokenizer.empty()) {
    throw config::UsageError(
        "data.tokenizer is not set, and it says what to make tokens by; name one with "
        "--data.tokenizer=PATH");
  }
  if (data.format == "tokens" || data.format == "token_folder") {
    throw config::UsageError(
        "data.format = \"" + data.format +
        "\" is tokens already; name a text with --data.path=PATH --data.format=text");
  }
}

/// A fraction of a short text may be less than a character.
void check_splits(const std::vector<SplitText>& splits, const datasets::Documents& documents,
                  datasets::Shares shares) {
  const std::size_t wanted = 1U + (shares.val > 0 ? 1U : 0U) + (shares.test > 0 ? 1U : 0U);
  if (splits.size() >= wanted) return;
  throw std::runtime_error(documents.place() + ": its " +
                           std::to_string(documents.text()->characters()) +
                           " characters leave a split empty; use more text, or other "
                           "--data.val_fraction and --data.test_fraction");
}

}  // namespace

TokenRecord tokenize_recipe(const config::DataOptions& data, const std::filesystem::path& out,
                            std::optional<std::uint64_t> shard_tokens) {
  check(data);
  config::refuse_in_dataset(data, out, "--out");
  TokenizeRequest request;
  request.bpe = datasets::load_bpe(data.tokenizer);
  const auto documents =
      std::make_shared<const datasets::Documents>(datasets::open_documents(data));
  const datasets::Shares shares{data.val_fraction, data.test_fraction};
  const datasets::Cuts cuts = datasets::cut_text(
      *documents->text(), datasets::find_sources(datasets::spec_of(data)), shares);
  request.dataset = documents->name();
  request.place = documents->place();
  request.inputs = {{"dataset_hash", documents->hash()},
                    {"val_begins_at_character", std::to_string(cuts.val)},
                    {"test_begins_at_character", std::to_string(cuts.test)}};
  request.splits = split_documents(documents, cuts);
  check_splits(request.splits, *documents, shares);
  request.tokenizer = data.tokenizer;
  request.out = out;
  request.shard_tokens = shard_tokens;
  spdlog::info("tokenizer {}: {} tokens, hash {}{}", data.tokenizer, request.bpe->vocab_size(),
               request.bpe->hash(),
               request.bpe->end_of_text()
                   ? ""
                   : "; it has no <|endoftext|>, so documents are joined by newlines");
  return tokenize(request);
}

}  // namespace millrace::tools
