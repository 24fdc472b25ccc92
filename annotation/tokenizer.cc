// The tokenizer of the cascade: the recipe's, else the shard folder's own, which is trained on the
// documents where it is missing.
#include <spdlog/spdlog.h>

#include "annotation/annotate.h"
#include "annotation/passages.h"
#include "annotation/shard_folder.h"
#include "datasets/bpe/bpe_files.h"
#include "datasets/bpe/bpe_training.h"
#include "proto/files.h"

namespace millrace::annotation {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kTrainingPassages = 4096;  // at most 64 MiB

void train(const config::Options& options, const datasets::Documents& documents,
           const fs::path& path) {
  datasets::BpeTrainer trainer;
  for_some_passages(documents, kTrainingPassages, [&](std::string_view passage) {
    try {
      trainer.add(passage);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(documents.name() + ", in a document that starts with '" +
                               std::string(passage.substr(0, 40)) + "': " + error.what());
    }
  });
  datasets::BpeParts parts = trainer.train(options.annotate.vocab_size);
  spdlog::info("data.tokenizer is empty: trained a byte-level BPE of {} tokens, {}",
               parts.vocabulary.size() + parts.added.size(), path.string());
  proto::replace_file(path, datasets::to_tokenizer_json(parts));
}

}  // namespace

std::shared_ptr<const datasets::ByteLevelBpe> annotation_tokenizer(
    const config::Options& options, const datasets::Documents& documents) {
  if (!options.data.tokenizer.empty()) return datasets::load_bpe(options.data.tokenizer);
  const fs::path own = fs::path(options.data.shards) / kOwnTokenizer;
  if (!fs::exists(own)) train(options, documents, own);
  return datasets::load_bpe(own);
}

}  // namespace millrace::annotation
