// Opening and checking a folder of shards; finding its chunks by number.
#include "annotation/shard_folder.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ranges>
#include <stdexcept>

#include "annotation/nth_bit.h"
#include "base/text.h"
#include "proto/digest.h"
#include "proto/files.h"
#include "proto/json_text.h"

namespace millrace::annotation {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWordBits = 64;
constexpr std::size_t kBlockWords = 8;

std::vector<std::string> shard_names(const fs::path& folder) {
  std::vector<std::string> names;
  for (const std::string& name : proto::real_disk().list(folder)) {
    if (name.starts_with("shard-") && name.ends_with(kShardSuffix)) names.push_back(name);
  }
  return names;
}

/// The values that the shards of a folder share, with names.
std::vector<std::pair<std::string, std::string>> common_facts(const ShardHeader& header) {
  return {{"shards", std::to_string(header.shards)},
          {"tokenizer", header.tokenizer_hash},
          {"vocab_size", std::to_string(header.vocab_size)},
          {"selection", std::string(to_string(header.selection))},
          {"scorer", header.scorer},
          {"dataset", header.dataset_name + " " + header.dataset_hash},
          {"stage3_length", std::to_string(header.chunk_length)}};
}

/// Throws std::runtime_error naming the first missing shards.
void check_complete(const fs::path& folder, const std::vector<std::string>& names,
                    std::uint32_t shards) {
  constexpr std::size_t kShown = 3;
  std::vector<std::uint32_t> missing;
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    if (std::ranges::find(names, shard_name(shard, shards)) == names.end()) {
      missing.push_back(shard);
    }
  }
  if (missing.empty()) return;
  throw std::runtime_error(
      folder.string() + ": " + std::to_string(missing.size()) + " of " + std::to_string(shards) +
      " shards are missing (" + base::joined(missing | std::views::take(kShown)) +
      (missing.size() > kShown ? ", …" : "") + "); run annotate with --num-shards " +
      std::to_string(shards) + " and --shard-index of each");
}

}  // namespace

void check_same_origin(const std::string& place, const ShardHeader& here,
                       const std::string& other_place, const ShardHeader& there) {
  const auto ours = common_facts(here);
  const auto theirs = common_facts(there);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (ours[i].second == theirs[i].second) continue;
    throw std::runtime_error(
        place + ": " + ours[i].first + " is " + ours[i].second + " here and " + theirs[i].second +
        " in " + other_place +
        "; they do not belong together: remove the old shards, or name another --data.shards");
  }
}

ShardFolder::ShardFolder(const fs::path& folder) : folder_(folder) {
  const std::vector<std::string> names = shard_names(folder);
  if (names.empty()) {
    throw std::runtime_error(folder.string() +
                             ": there are no scored shards here; make them with annotate CONFIG");
  }
  for (const std::string& name : names) {
    auto shard = std::make_unique<const ScoredShard>(folder / name);
    if (!shards_.empty()) {
      check_same_origin((folder / name).string(), shard->header(),
                        shard_name(header().shard, header().shards), header());
    }
    if (name != shard_name(shard->header().shard, shard->header().shards)) {
      throw std::runtime_error((folder / name).string() + ": it says it is " +
                               shard_name(shard->header().shard, shard->header().shards) +
                               "; was it renamed?");
    }
    firsts_.push_back(chunks_);
    chunks_ += shard->header().chunks;
    shards_.push_back(std::move(shard));
  }
  check_complete(folder, names, header().shards);
}

std::string ShardFolder::hash() const {
  std::string facts = "tokenizer=" + header().tokenizer_hash +
                      "\nvocab_size=" + std::to_string(header().vocab_size) +
                      "\nselection=" + std::string(to_string(header().selection)) +
                      "\nchunk_length=" + std::to_string(header().chunk_length) + "\n";
  for (const auto& shard : shards_) {
    facts += proto::hex16(shard->records_checksum()) + " " + proto::hex16(shard->index_checksum()) +
             "\n";
  }
  return proto::hex16(proto::xxh64(facts));
}

std::vector<std::string> ShardFolder::vocabulary() const {
  const auto file = proto::real_disk().read(folder_ / kVocabularyFile, proto::Disk::kAll);
  if (!file) return {};
  const auto json = proto::try_read_json(proto::text(file->bytes));
  const bool fits =
      json.is_array() && json.size() == header().vocab_size &&
      std::ranges::all_of(json, [](const nlohmann::json& token) { return token.is_string(); });
  if (!fits) {
    throw std::runtime_error((folder_ / kVocabularyFile).string() + ": not the " +
                             std::to_string(header().vocab_size) +
                             " tokens of the shards beside it; run annotate again");
  }
  return json.get<std::vector<std::string>>();
}

void save_vocabulary(const fs::path& folder, const std::vector<std::string>& vocabulary) {
  proto::replace_file(folder / kVocabularyFile,
                      proto::json_text(nlohmann::json(vocabulary)) + "\n");
}

ShardFolder::Filling::Filling(const ShardFolder& folder, std::uint32_t stage1_length,
                              std::uint32_t stage2_length)
    : folder_(folder), words_((folder.chunks() + kWordBits - 1) / kWordBits) {
  std::uint64_t number = 0;
  for (const auto& shard : folder.shards_) {
    for (std::uint64_t chunk = 0; chunk < shard->header().chunks; ++chunk, ++number) {
      const bool good = fills(shard->capacity(chunk), stage1_length, stage2_length);
      words_[number / kWordBits] |= std::uint64_t{good} << number % kWordBits;
    }
  }
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (i % kBlockWords == 0) before_.push_back(count_);
    count_ += counts_up_to_bytes(words_[i]) >> 56;
  }
}

ShardFolder::Place ShardFolder::Filling::place(std::uint64_t i) const {
  const auto block =
      static_cast<std::size_t>(std::ranges::upper_bound(before_, i) - before_.begin()) - 1;
  std::uint64_t left = i - before_[block];
  std::size_t word = block * kBlockWords;
  std::uint64_t counts = counts_up_to_bytes(words_[word]);
  for (; counts >> 56 <= left; counts = counts_up_to_bytes(words_[++word])) left -= counts >> 56;
  const std::uint64_t number = word * kWordBits + nth_bit(words_[word], counts, left);
  const auto shard = static_cast<std::size_t>(std::ranges::upper_bound(folder_.firsts_, number) -
                                              folder_.firsts_.begin()) -
                     1;
  return {folder_.shards_[shard].get(), number - folder_.firsts_[shard]};
}

}  // namespace millrace::annotation
