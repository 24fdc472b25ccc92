// Making a shard: passages go to the scorer in batches, tokens and scores become chunks, chunks go
// to the writer.
#include "annotation/annotate.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "annotation/passages.h"
#include "annotation/scorer.h"
#include "annotation/shard_folder.h"
#include "annotation/shard_writer.h"
#include "annotation/word_scores.h"
#include "config/app/progress.h"
#include "config/app/stop.h"
#include "config/errors.h"
#include "config/output_folder.h"
#include "datasets/bpe/bpe_encoder.h"
#include "datasets/io/mapped_file.h"
#include "proto/files.h"

namespace millrace::annotation {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatchPassages = 32;
constexpr std::uint64_t kFrequencyPassages = 16384;  // at most 256 MiB

Selection selection_of(const config::Options& options) {
  return *selection_from(options.annotate.selection);
}

std::unique_ptr<Scorer> open_scorer(const config::Options& options,
                                    const datasets::Documents& documents) {
  const Selection selection = selection_of(options);
  if (options.annotate.scorer == "python") return make_python_scorer(selection, options);
  PassageFrequencies frequencies;
  if (selection == Selection::kKeybertNoStopword) {
    for_some_passages(documents, kFrequencyPassages,
                      [&](std::string_view passage) { frequencies.add(passage); });
    frequencies.compact();
  }
  return make_builtin_scorer(selection, std::move(frequencies));
}

/// Throws config::UsageError for settings that do not fit the documents.
void check(const config::Options& options, Part part, const datasets::Documents& documents,
           std::uint64_t passages) {
  if (options.provider.stage3_length > kMaxChunkLength) {
    throw config::UsageError(
        "provider.stage3_length = " + std::to_string(options.provider.stage3_length) +
        ": shards hold chunks of at most " + std::to_string(kMaxChunkLength) + " tokens");
  }
  if (passages < part.shards) {
    throw config::UsageError("--num-shards=" + std::to_string(part.shards) + " is more than the " +
                             std::to_string(passages) + " passages of " + documents.name() +
                             "; use fewer");
  }
}

/// The first passage of shard i of n: i · passages / n, without overflow.
std::uint64_t first_passage(std::uint64_t passages, std::uint32_t i, std::uint32_t n) {
  return passages / n * i + passages % n * i / n;
}

/// The tokens of a passage, and where each ends in the passage, in bytes.
struct Encoded {
  std::vector<std::uint32_t> ids;
  std::vector<std::uint32_t> ends;
};

/// Tokenizes passages, gives each token its score, and cuts chunks.
class Packer {
 public:
  Packer(Selection selection, const datasets::ByteLevelBpe& bpe, std::uint32_t chunk_length,
         ShardWriter& writer)
      : selection_(selection),
        bpe_(bpe),
        encoder_(bpe),
        picker_(selection, bpe.vocab_size()),
        order_(chunk_length),
        writer_(writer),
        pending_(writer.pending()) {}

  [[nodiscard]] const Pending& pending() const { return pending_; }

  void add(std::string_view passage, const std::vector<Word>& words, bool ends_document) {
    const Encoded tokens = encode(passage);
    const std::vector<float> scores =
        token_scores(passage, words, word_scores(selection_, passage, words), tokens.ends,
                     score_of_the_rest(selection_));
    pending_.tokens.insert(pending_.tokens.end(), tokens.ids.begin(), tokens.ids.end());
    pending_.scores.insert(pending_.scores.end(), scores.begin(), scores.end());
    if (const auto end = bpe_.end_of_text(); end && ends_document) {
      pending_.tokens.push_back(*end);
      pending_.scores.push_back(score_of_the_rest(selection_));
    }
    cut_chunks();
  }

 private:
  Encoded encode(std::string_view passage) {
    Encoded encoded;
    encoder_.append(passage, datasets::Specials::kAsText, encoded.ids);
    std::size_t end = 0;
    for (const std::uint32_t id : encoded.ids) end += bpe_.bytes(id).size();
    // Length of the space that the tokenizer may put before a text.
    const std::size_t prefix = end - passage.size();
    end = 0;
    for (const std::uint32_t id : encoded.ids) {
      end += bpe_.bytes(id).size();
      encoded.ends.push_back(static_cast<std::uint32_t>(end - std::min(end, prefix)));
    }
    return encoded;
  }

  void cut_chunks() {
    const std::size_t length = order_.size();
    std::size_t at = 0;
    for (; at + length <= pending_.tokens.size(); at += length) {
      const std::span tokens = std::span<const std::uint32_t>(pending_.tokens).subspan(at, length);
      const std::span scores = std::span<const float>(pending_.scores).subspan(at, length);
      const Capacity capacity = picker_.pick(tokens, scores, order_);
      writer_.add(tokens, order_, scores, capacity);
    }
    pending_.tokens.erase(pending_.tokens.begin(),
                          pending_.tokens.begin() + static_cast<std::ptrdiff_t>(at));
    pending_.scores.erase(pending_.scores.begin(),
                          pending_.scores.begin() + static_cast<std::ptrdiff_t>(at));
  }

  Selection selection_;
  const datasets::ByteLevelBpe& bpe_;
  datasets::BpeEncoder encoder_;
  Picker picker_;
  std::vector<std::uint16_t> order_;
  ShardWriter& writer_;
  Pending pending_;
};

/// A passage of the current batch.
struct BatchedPassage {
  std::uint64_t document;
  std::string_view passage;
  bool ends_document;
};

class ShardRun {
 public:
  ShardRun(const config::Options& options, const datasets::Documents& documents, Scorer& scorer,
           Packer& packer, ShardWriter& writer, std::uint64_t passages)
      : options_(options),
        documents_(documents),
        scorer_(scorer),
        packer_(packer),
        writer_(writer),
        passages_(passages) {}

  void run(std::uint64_t first) {
    done_ = writer_.passages_done();
    for_each_passage(documents_, first + done_, first + passages_,
                     [&](std::uint64_t d, std::uint64_t j, std::string_view passage) {
                       batch_.push_back({d, passage, j + 1 == passages_of(documents_.document(d))});
                       if (batch_.size() == kBatchPassages) score_batch();
                     });
    score_batch();
    progress_.clear();
    check_unchanged();
    writer_.finish(passages_, packer_.pending().tokens.size());
  }

 private:
  /// Called before what was made of the documents becomes part of a shard.
  void check_unchanged() const {
    if (const auto changed = files_.changed()) throw std::runtime_error(*changed);
  }

  void score_batch() {
    std::vector<std::string_view> passages;
    for (const BatchedPassage& each : batch_) passages.push_back(each.passage);
    if (passages.empty()) return;
    const std::vector<std::vector<Word>> words = scorer_.score(passages);
    for (std::size_t i = 0; i < batch_.size(); ++i) pack(batch_[i], words[i]);
    done_ += batch_.size();
    batch_.clear();
    save_if_due();
  }

  void pack(const BatchedPassage& one, const std::vector<Word>& words) {
    try {
      packer_.add(one.passage, words, one.ends_document);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(documents_.name() + ", document " + std::to_string(one.document) +
                               ": " + error.what());
    }
  }

  /// Saves every annotate.save_interval_s, and where the process is asked to stop; then throws.
  void save_if_due() {
    const bool stop = config::stop_requested();
    if (stop ||
        Clock::now() - saved_ >= std::chrono::duration<double>(options_.annotate.save_interval_s)) {
      check_unchanged();
      writer_.save(done_, packer_.pending());
      saved_ = Clock::now();
    }
    progress_.update([this] {
      return fmt::format("{} of {} passages, {} chunks", done_, passages_, writer_.chunks());
    });
    if (!stop) return;
    progress_.clear();
    throw std::runtime_error(
        fmt::format("stopped after {} of {} passages; the same command continues from there", done_,
                    passages_));
  }

  const config::Options& options_;
  const datasets::Documents& documents_;
  Scorer& scorer_;
  Packer& packer_;
  ShardWriter& writer_;
  std::uint64_t passages_;  ///< of the shard
  std::uint64_t done_ = 0;  ///< of these
  std::vector<BatchedPassage> batch_;
  const datasets::FilesRead files_;
  Clock::time_point saved_ = Clock::now();
  config::Progress progress_;
};

/// The header of the shard to be made; its counts are 0.
ShardHeader planned_header(const config::Options& options, Part part,
                           const datasets::Documents& documents, std::uint64_t passages,
                           const datasets::ByteLevelBpe& bpe, const std::string& scorer) {
  ShardHeader header;
  header.selection = selection_of(options);
  header.scorer = scorer;
  header.tokenizer_hash = bpe.hash();
  header.vocab_size = bpe.vocab_size();
  header.dataset_name = documents.name();
  header.dataset_hash = documents.hash();
  header.chunk_length = options.provider.stage3_length;
  header.shards = part.shards;
  header.shard = part.shard;
  header.first_passage = first_passage(passages, part.shard, part.shards);
  header.stage1_length = options.provider.stage1_length;
  header.stage2_length = options.provider.stage2_length;
  return header;
}

/// Whether the complete shard is there. Its stage lengths may differ from the recipe's: they only
/// tell what was counted. Throws for a damaged shard, and for one of other data.
bool is_finished(const fs::path& path, const ShardHeader& planned) {
  if (!fs::exists(path)) return false;
  const ScoredShard shard(path);
  check_same_origin(path.string(), shard.header(), "the recipe", planned);
  shard.verify();
  return true;
}

Annotated result_of(const fs::path& path, const ShardHeader& planned, bool was_there) {
  const ScoredShard shard(path);
  const ShardHeader& header = shard.header();
  Annotated result{was_there, header.passages, header.chunks, 0,
                   header.chunks * header.chunk_length};
  for (std::uint64_t chunk = 0; chunk < header.chunks; ++chunk) {
    if (fills(shard.capacity(chunk), planned.stage1_length, planned.stage2_length)) {
      ++result.filling_chunks;
    }
  }
  return result;
}

}  // namespace

Annotated annotate(const config::Options& options, Part part) {
  config::refuse_in_dataset(options.data, options.data.shards, "data.shards");
  const datasets::Documents documents = datasets::open_documents(options.data);
  const std::uint64_t passages = count_passages(documents);
  check(options, part, documents, passages);
  const fs::path folder = options.data.shards;
  proto::make_folders(folder, proto::real_disk());
  const auto bpe = annotation_tokenizer(options, documents);
  const std::unique_ptr<Scorer> scorer = open_scorer(options, documents);
  const ShardHeader planned =
      planned_header(options, part, documents, passages, *bpe, scorer->name());
  const fs::path path = folder / shard_name(part.shard, part.shards);
  if (is_finished(path, planned)) return result_of(path, planned, true);
  save_vocabulary(folder, bpe->vocabulary());

  ShardWriter writer(folder, planned);
  if (writer.passages_done() > 0) {
    spdlog::info("continuing behind {} passages, {} chunks", writer.passages_done(),
                 writer.chunks());
  }
  Packer packer(planned.selection, *bpe, planned.chunk_length, writer);
  const std::uint64_t count =
      first_passage(passages, part.shard + 1, part.shards) - planned.first_passage;
  ShardRun(options, documents, *scorer, packer, writer, count).run(planned.first_passage);
  return result_of(path, planned, false);
}

}  // namespace millrace::annotation
