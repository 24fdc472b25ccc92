#include "tools/tokenize_recipe.h"

#include <spdlog/spdlog.h>

#include <memory>

#include "config/errors.h"
#include "datasets/bpe_files.h"
#include "datasets/documents.h"
#include "tools/tokenize_files.h"

namespace millrace::tools {
namespace {

// text8's own split: the last tenth, half of it val and half test.
constexpr double kText8Fraction = 0.05;

void check(const config::DataOptions& data) {
  if (data.tokenizer.empty()) {
    throw config::UsageError("data.tokenizer is not set, and it says what to make tokens by; name one with --data.tokenizer=PATH");
  }
  if (data.format == "tokens" || data.format == "token_folder") {
    throw config::UsageError("data.format = \"" + data.format +
                             "\" is tokens already; name a text with --data.path=PATH --data.format=text");
  }
}

TextSource source_of(const std::shared_ptr<const datasets::Documents>& documents) {
  return {documents->name(), documents->place(), documents->hash(), documents->count(),
          [documents](std::uint64_t i) { return documents->document(i); }};
}

}  // namespace

TokenRecord tokenize_recipe(const config::DataOptions& data, const std::filesystem::path& out,
                            std::optional<std::uint64_t> shard_tokens) {
  check(data);
  TokenizeJob job;
  job.bpe = datasets::load_bpe(data.tokenizer);
  job.source = source_of(std::make_shared<const datasets::Documents>(datasets::open_documents(data)));
  job.tokenizer = data.tokenizer;
  job.out = out;
  job.shard_tokens = shard_tokens;
  const bool is_text8 = data.format == "text8";
  job.val_fraction = is_text8 ? kText8Fraction : data.val_fraction;
  job.test_fraction = is_text8 ? kText8Fraction : data.test_fraction;
  spdlog::info("tokenizer {}: {} tokens, hash {}{}", data.tokenizer, job.bpe->vocab_size(), job.bpe->hash(),
               job.bpe->end_of_text() ? "" : "; it has no <|endoftext|>, so documents are joined by newlines");
  return tokenize(job);
}

}  // namespace millrace::tools
