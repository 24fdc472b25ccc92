// Token files and encoded texts as datasets, and the checks of their ids.
#include "datasets/open/open_tokens.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "config/errors.h"
#include "datasets/bpe/bpe_files.h"
#include "datasets/index/splits.h"
#include "datasets/tokens/mapped_tokens.h"
#include "datasets/tokens/token_file.h"
#include "datasets/tokens/token_index.h"
#include "datasets/tokens/token_notes.h"
#include "proto/digest.h"

namespace millrace::datasets {
namespace {

using proto::Split;
using proto::WireType;

/// A dataset that is being opened.
struct Opened {
  std::string name;
  std::string place;
  std::vector<TokenRun> runs;
  std::vector<std::string> files;  ///< of each run
  Cuts cuts;
  std::string hashed_cuts;  ///< empty where the cuts follow from the recipe's fractions
  TokenNotes notes;
};

/// The tokenizer of a recipe, or nullptr, and the size of the vocabulary, or 0 where it is not
/// known before the files are read.
struct TokenIds {
  std::shared_ptr<const ByteLevelBpe> bpe;
  std::uint32_t vocab_size = 0;
};

TokenIds load_ids(const SetOptions& options) {
  TokenIds ids;
  ids.vocab_size = options.vocab_size;
  if (options.tokenizer.empty()) return ids;
  ids.bpe = load_bpe(options.tokenizer);
  const std::uint32_t size = ids.bpe->vocab_size();
  if (ids.vocab_size != 0 && ids.vocab_size != size) {
    throw config::UsageError("data.vocab_size = " + std::to_string(ids.vocab_size) +
                             ", but the tokenizer " + options.tokenizer + " has " +
                             std::to_string(size) + " tokens; leave data.vocab_size at 0");
  }
  ids.vocab_size = size;
  return ids;
}

/// The width of ids: as meta.json says, else the narrowest for the vocabulary (nanoGPT's u16 where
/// its size is not known).
WireType width_of(const TokenNotes& notes, const TokenIds& ids) {
  return notes.width.value_or(token_width(ids.vocab_size));
}

void add_run(Opened& opened, const SourceFile& file, const TokenIds& ids,
             const std::string& cache) {
  const auto end_of_text = ids.bpe ? ids.bpe->end_of_text() : opened.notes.end_of_text;
  opened.runs.push_back(open_token_run(file, width_of(opened.notes, ids), end_of_text, cache));
  opened.files.push_back(file.path.string());
}

std::uint64_t tokens_of(const Opened& opened) {
  std::uint64_t tokens = 0;
  for (const TokenRun& each : opened.runs) tokens += each.tokens();
  return tokens;
}

/// Whether the file is SPLIT.bin or SPLIT_….bin, in the folder itself.
bool is_of_split(const SourceFiles& sources, const SourceFile& file, std::string_view split) {
  const std::string name = file.path.lexically_relative(sources.path).generic_string();
  const std::string prefix = std::string(split) + "_";
  return name == std::string(split) + ".bin" ||
         (name.starts_with(prefix) && name.ends_with(".bin") &&
          name.find('/') == std::string::npos);
}

void check_shards(const std::vector<SourceFile>& shards, const SourceFiles& sources,
                  std::string_view split) {
  const auto is_undivided = [&](const SourceFile& file) {
    return file.path.filename() == std::string(split) + ".bin";
  };
  if (shards.size() > 1 && std::ranges::any_of(shards, is_undivided)) {
    throw std::runtime_error(sources.path.string() + ": there is " + std::string(split) +
                             ".bin, and parts of it (" + shards.back().path.filename().string() +
                             "); remove one of the two");
  }
  if (shards.empty() && split == "train") {
    throw std::runtime_error(
        sources.path.string() +
        ": there is no train.bin, nor train_000000.bin; make them with tokenize, or " +
        "name another folder with --data.path=FOLDER");
  }
}

void open_folder(Opened& opened, const SourceFiles& sources, const TokenIds& ids,
                 const std::string& cache) {
  std::array<std::uint64_t, proto::kSplitCount> ends{};
  for (const Split split : proto::kSplits) {
    const std::string_view name = proto::to_string(split);
    std::vector<SourceFile> shards;
    std::ranges::copy_if(sources.files, std::back_inserter(shards),
                         [&](const SourceFile& file) { return is_of_split(sources, file, name); });
    check_shards(shards, sources, name);
    for (const SourceFile& each : shards) add_run(opened, each, ids, cache);
    ends[static_cast<std::size_t>(split)] = tokens_of(opened);
  }
  opened.cuts = {ends[0], ends[1], ends[2]};
}

std::string describe(const Cuts& cuts) {
  return " cut " + std::to_string(cuts.val) + " " + std::to_string(cuts.test) + " " +
         std::to_string(cuts.end);
}

void check_notes(const Opened& opened, const TokenIds& ids, const std::string& tokenizer) {
  if (!ids.bpe || !opened.notes.vocab_size || *opened.notes.vocab_size == ids.vocab_size) return;
  throw config::UsageError(
      opened.place + ": meta.json says that the tokens are of a vocabulary of " +
      std::to_string(*opened.notes.vocab_size) + ", and the tokenizer " + tokenizer + " has " +
      std::to_string(ids.vocab_size) + "; name the one that they were made with (data.tokenizer)");
}

Opened open_one(const NamedSpec& named, const SourceFiles& sources, const TokenIds& ids,
                const SetOptions& options) {
  Opened opened{
      named.name.empty() ? sources.name : named.name, sources.path.string(), {}, {}, {}, {}, {}};
  if (!sources.format->holds_tokens()) {
    TokenizedText text = open_tokenized(sources, named.spec, options.shares, *ids.bpe);
    opened.runs.push_back(std::move(text.run));
    opened.files.push_back(opened.place);
    opened.cuts = text.cuts;
    opened.hashed_cuts = describe(opened.cuts);
    return opened;
  }
  if (named.spec.max_characters != 0) {
    throw config::UsageError(opened.place + ": max_chars is of texts, and these are token files");
  }
  opened.notes = read_token_notes(sources.is_folder ? sources.path : sources.path.parent_path());
  check_notes(opened, ids, options.tokenizer);
  if (sources.is_folder) {
    open_folder(opened, sources, ids, named.spec.cache);
    opened.hashed_cuts = describe(opened.cuts);
  } else {
    add_run(opened, sources.files.front(), ids, named.spec.cache);
    opened.cuts = cut_anywhere(tokens_of(opened), options.shares);
  }
  return opened;
}

/// The size that the tokenizer, the recipe or a meta.json says; else one more than the largest id.
std::uint32_t vocab_size_of(const std::vector<Opened>& all, const TokenIds& ids) {
  if (ids.vocab_size != 0) return ids.vocab_size;
  std::uint64_t size = 0;
  for (const Opened& each : all) {
    for (const TokenRun& run : each.runs) size = std::max(size, run.index->header().largest_id + 1);
    size = std::max<std::uint64_t>(size, each.notes.vocab_size.value_or(0));
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(size, 0xFFFF'FFFF));
}

void check_ids(const Opened& opened, std::uint64_t vocab_size) {
  const std::uint64_t size = opened.notes.vocab_size
                                 ? std::min<std::uint64_t>(vocab_size, *opened.notes.vocab_size)
                                 : vocab_size;
  for (std::size_t i = 0; i < opened.runs.size(); ++i) {
    const IndexHeader& header = opened.runs[i].index->header();
    if (header.largest_id < size) continue;
    throw std::runtime_error(opened.files[i] + ": token " + std::to_string(header.largest_id) +
                             " at position " + std::to_string(header.largest_at) +
                             " is outside the vocabulary of " + std::to_string(size) +
                             " ids; name the tokenizer that made it with --data.tokenizer=PATH, or "
                             "see whether its ids are of another width");
  }
}

std::string hash_of(const Opened& opened, std::uint32_t vocab_size) {
  std::string all = "tokens of " + std::to_string(vocab_size) + opened.hashed_cuts;
  for (const TokenRun& run : opened.runs) {
    all += " " + proto::hex16(run.index->header().text_hash) + " " +
           proto::hex16(run.index->header().structure_hash);
  }
  return proto::hex16(proto::xxh64(all));
}

}  // namespace

std::vector<Dataset> open_tokens(std::span<const NamedSpec> specs,
                                 std::span<const SourceFiles> sources, const SetOptions& options) {
  const TokenIds ids = load_ids(options);
  std::vector<Opened> all;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    all.push_back(open_one(specs[i], sources[i], ids, options));
  }
  Vocabulary vocabulary;
  vocabulary.size = vocab_size_of(all, ids);
  if (ids.bpe) {
    vocabulary.tokens = ids.bpe->vocabulary();
    vocabulary.byte_level = true;
  }
  std::vector<Dataset> datasets;
  for (Opened& each : all) {
    check_ids(each, vocabulary.size);
    const std::string hash = hash_of(each, vocabulary.size);
    datasets.push_back({each.name, make_mapped_tokens(std::move(each.runs), each.cuts, vocabulary,
                                                      hash, each.place)});
  }
  return datasets;
}

}  // namespace millrace::datasets
