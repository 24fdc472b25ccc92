// Opens token files and encoded texts as datasets, and checks their ids.
#include "datasets/open/open_tokens.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

#include "base/text.h"
#include "config/errors.h"
#include "datasets/bpe/bpe_files.h"
#include "datasets/index/splits.h"
#include "datasets/io/byte_source.h"
#include "datasets/tokens/mapped_tokens.h"
#include "datasets/tokens/token_file.h"
#include "datasets/tokens/token_index.h"
#include "datasets/tokens/token_notes.h"
#include "proto/digest.h"

namespace millrace::datasets {
namespace {

namespace fs = std::filesystem;
using proto::Split;
using proto::WireType;

/// A dataset that is being opened.
struct Opened {
  std::string name;
  std::string place;
  std::vector<TokenRun> runs;
  std::vector<std::string> files;  ///< the path of each run
  Cuts cuts;
  std::string hashed_cuts;  ///< empty where the cuts follow from the recipe's fractions
  TokenNotes notes;
};

/// The recipe's tokenizer, or nullptr; and the vocabulary size, or 0 if it is not known before the
/// files are read.
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

/// The width of ids in files: that of meta.json, else the narrowest for the vocabulary size (u16,
/// as nanoGPT, if it is not known).
WireType width_of(const TokenNotes& notes, const TokenIds& ids) {
  return notes.width.value_or(token_width(ids.vocab_size));
}

void add_run(Opened& opened, const SourceFile& file, const TokenIds& ids, const DatasetSpec& spec) {
  const auto end_of_text = ids.bpe ? ids.bpe->end_of_text() : opened.notes.end_of_text;
  opened.runs.push_back(open_token_run(file, width_of(opened.notes, ids),
                                       opened.notes.width.has_value(), end_of_text, spec));
  opened.files.push_back(file.path.string());
  const IndexHeader& header = opened.runs.back().index->header();
  check_content(opened.notes, file.path, header.units, proto::hex16(header.text_hash));
}

std::uint64_t tokens_of(const Opened& opened) {
  std::uint64_t tokens = 0;
  for (const TokenRun& each : opened.runs) tokens += each.tokens();
  return tokens;
}

/// Whether the file is SPLIT.bin or SPLIT_….bin, directly in the folder.
bool is_of_split(const SourceFiles& sources, const fs::path& file, std::string_view split) {
  const std::string name = file.lexically_relative(sources.path).generic_string();
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

std::vector<std::string> names_of(const std::vector<SourceFile>& files) {
  std::vector<std::string> names;
  for (const SourceFile& each : files) names.push_back(each.path.filename().string());
  return names;
}

/// Throws for a file of the split that is compressed, and would be left out.
void check_not_packed(const SourceFiles& sources, const fs::path& file, std::string_view split) {
  if (compression_of(file) == Compression::kNone ||
      !is_of_split(sources, without_compression(file), split)) {
    return;
  }
  throw std::runtime_error(file.string() +
                           ": token files are read as they lie; decompress it, or remove it");
}

/// Warns of numbered parts, train_000000.bin and on, of which one in between is not there.
void warn_of_gap(const std::vector<std::string>& names, const SourceFiles& sources,
                 std::string_view split) {
  std::optional<std::uint64_t> before;
  for (const std::string& name : names) {
    std::string_view digits = std::string_view(name).substr(split.size());
    if (!digits.starts_with('_')) return;
    digits = digits.substr(1, digits.size() - 1 - std::string_view(".bin").size());
    const auto number = base::parse_number<std::uint64_t>(digits);
    if (!number) return;
    if (before && *number != *before + 1) {
      spdlog::warn("{}: its {} has part {} and then part {}; see whether parts are missing",
                   sources.path.string(), split, *before, *number);
    }
    before = number;
  }
}

/// Warns of runs from `first` on that have the same tokens.
void warn_of_copies(const Opened& opened, std::size_t first) {
  std::map<std::uint64_t, std::string> seen;
  for (std::size_t i = first; i < opened.runs.size(); ++i) {
    const auto [other, is_new] =
        seen.try_emplace(opened.runs[i].index->header().text_hash, opened.files[i]);
    if (is_new) continue;
    spdlog::warn("{} and {} hold the same tokens, which are read twice", other->second,
                 opened.files[i]);
  }
}

void open_folder(Opened& opened, const SourceFiles& sources, const TokenIds& ids,
                 const DatasetSpec& spec) {
  std::array<std::uint64_t, proto::kSplitCount> ends{};
  for (const Split split : proto::kSplits) {
    const std::string_view name = proto::to_string(split);
    std::vector<SourceFile> shards;
    for (const SourceFile& each : sources.files) {
      if (is_of_split(sources, each.path, name)) shards.push_back(each);
      check_not_packed(sources, each.path, name);
    }
    check_names(opened.notes, name, names_of(shards), sources.path);
    check_shards(shards, sources, name);
    const std::size_t first = opened.runs.size();
    for (const SourceFile& each : shards) add_run(opened, each, ids, spec);
    if (!opened.notes.files) {
      warn_of_gap(names_of(shards), sources, name);
      warn_of_copies(opened, first);
    }
    ends[static_cast<std::size_t>(split)] = tokens_of(opened);
  }
  opened.cuts = {ends[0], ends[1], ends[2]};
}

std::string describe(const Cuts& cuts) {
  return " cut " + std::to_string(cuts.val) + " " + std::to_string(cuts.test) + " " +
         std::to_string(cuts.end);
}

void check_notes(const Opened& opened, const TokenIds& ids, const std::string& tokenizer) {
  if (!ids.bpe || !opened.notes.vocab_size) return;
  if (*opened.notes.vocab_size == ids.vocab_size) {
    const std::string& made_by = opened.notes.tokenizer_hash;
    if (!made_by.empty() && made_by != ids.bpe->hash()) {
      spdlog::warn(
          "{}: meta.json says that a tokenizer with the hash {} made these tokens, and {} has {}: "
          "see whether both have the same ids, or their texts are shown wrongly",
          opened.place, made_by, tokenizer, ids.bpe->hash());
    }
    return;
  }
  throw config::UsageError(
      opened.place + ": meta.json says that the tokens are of a vocabulary of " +
      std::to_string(*opened.notes.vocab_size) + ", and the tokenizer " + tokenizer + " has " +
      std::to_string(ids.vocab_size) + "; name the one that they were made with (data.tokenizer)");
}

Opened open_one(const NamedSpec& named, const SourceFiles& sources, const TokenIds& ids,
                const SetOptions& options) {
  Opened opened{name_of(named), sources.path.string(), {}, {}, {}, {}, {}};
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
    open_folder(opened, sources, ids, named.spec);
    opened.hashed_cuts = describe(opened.cuts);
  } else {
    add_run(opened, sources.files.front(), ids, named.spec);
    opened.cuts = cut_anywhere(tokens_of(opened), options.shares);
  }
  return opened;
}

/// The vocabulary size: that of the tokenizer or the recipe, if known; else the largest of those
/// that meta.json files state and of all ids + 1.
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
