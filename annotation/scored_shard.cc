// Writing and reading the format. Numbers are copied, so nothing depends on alignment.
#include "annotation/scored_shard.h"

#include <bit>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "proto/digest.h"
#include "proto/json_numbers.h"
#include "proto/json_text.h"
#include "proto/shared_bytes.h"

namespace millrace::annotation {
namespace {

static_assert(std::endian::native == std::endian::little,
              "shards are little-endian, and read where they lie");

constexpr std::uint32_t kMaxVocabulary = 1U << 31;
constexpr std::uint32_t kMaxShards = 100'000;

template <class Number>
void append_number(Number value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class Number>
Number number_at(const char* at) {
  Number value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <class Stored, class Value>
void append_all(std::span<const Value> values, std::string& out) {
  for (const Value value : values) append_number(static_cast<Stored>(value), out);
}

template <class Stored, class Value>
void read_all(const char* at, std::span<Value> out) {
  for (Value& value : out) {
    value = static_cast<Value>(number_at<Stored>(at));
    at += sizeof(Stored);
  }
}

/// The preamble, without magic and version.
struct Preamble {
  std::uint32_t header_length;
  std::uint64_t header_checksum;
  std::uint64_t records_checksum;
  std::uint64_t index_checksum;
  std::uint64_t file_length;
};

Preamble read_preamble(std::string_view file) {
  if (file.size() < kShardPreambleBytes) {
    if (file.size() >= kShardMagic.size() && !file.starts_with(kShardMagic)) {
      throw std::runtime_error("this is no scored shard");
    }
    throw std::runtime_error("cut short: " + std::to_string(file.size()) + " bytes");
  }
  if (!file.starts_with(kShardMagic)) throw std::runtime_error("this is no scored shard");
  const auto version = number_at<std::uint32_t>(file.data() + 8);
  if (version != kShardVersion) {
    throw std::runtime_error("a scored shard of version " + std::to_string(version) +
                             ", and this build reads version " + std::to_string(kShardVersion));
  }
  const Preamble preamble{
      number_at<std::uint32_t>(file.data() + 12), number_at<std::uint64_t>(file.data() + 16),
      number_at<std::uint64_t>(file.data() + 24), number_at<std::uint64_t>(file.data() + 32),
      number_at<std::uint64_t>(file.data() + 40)};
  if (preamble.file_length != file.size()) {
    throw std::runtime_error("it has " + std::to_string(file.size()) + " bytes, and should have " +
                             std::to_string(preamble.file_length));
  }
  if (preamble.header_length > kMaxShardHeaderBytes ||
      preamble.header_length > file.size() - kShardPreambleBytes) {
    throw std::runtime_error("its header cannot be " + std::to_string(preamble.header_length) +
                             " bytes long");
  }
  return preamble;
}

ShardHeader read_header(std::string_view file) {
  const Preamble preamble = read_preamble(file);
  const std::string_view json = file.substr(kShardPreambleBytes, preamble.header_length);
  if (proto::xxh64(json) != preamble.header_checksum) {
    throw std::runtime_error("its header is damaged");
  }
  return header_from_json(json);
}

ShardHeader open_header(std::string_view file, const std::string& place) {
  try {
    return read_header(file);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(place + ": " + error.what() + "; remove it and run annotate again");
  }
}

}  // namespace

std::string to_json(const ShardHeader& header) {
  const nlohmann::ordered_json json = {{"selection", to_string(header.selection)},
                                       {"scorer", header.scorer},
                                       {"tokenizer_hash", header.tokenizer_hash},
                                       {"vocab_size", header.vocab_size},
                                       {"dataset_name", header.dataset_name},
                                       {"dataset_hash", header.dataset_hash},
                                       {"chunk_length", header.chunk_length},
                                       {"shards", header.shards},
                                       {"shard", header.shard},
                                       {"first_passage", header.first_passage},
                                       {"passages", header.passages},
                                       {"chunks", header.chunks},
                                       {"remainder_tokens", header.remainder_tokens},
                                       {"stage1_length", header.stage1_length},
                                       {"stage2_length", header.stage2_length},
                                       {"filling_chunks", header.filling_chunks}};
  return proto::json_text(json);
}

ShardHeader header_from_json(std::string_view text) try {
  const auto json = proto::read_json(text);
  ShardHeader header;
  const std::optional<Selection> selection =
      selection_from(json.at("selection").get<std::string>());
  if (!selection) {
    throw std::runtime_error("unknown selection " + proto::json_text(json.at("selection")));
  }
  header.selection = *selection;
  header.scorer = json.at("scorer");
  header.tokenizer_hash = json.at("tokenizer_hash");
  header.dataset_name = json.at("dataset_name");
  header.dataset_hash = json.at("dataset_hash");
  const auto whole = [&](const char* key, std::uint64_t least, std::uint64_t most) {
    const auto value = proto::try_whole<std::uint64_t>(json.at(key), least, most);
    if (value) return *value;
    throw std::runtime_error(std::string(key) + " cannot be " + proto::json_text(json.at(key)));
  };
  constexpr std::uint64_t kMany = std::uint64_t{1} << 48;
  header.vocab_size = static_cast<std::uint32_t>(whole("vocab_size", 1, kMaxVocabulary));
  header.chunk_length = static_cast<std::uint32_t>(whole("chunk_length", 1, kMaxChunkLength));
  header.shards = static_cast<std::uint32_t>(whole("shards", 1, kMaxShards));
  header.shard = static_cast<std::uint32_t>(whole("shard", 0, header.shards - 1));
  header.first_passage = whole("first_passage", 0, kMany);
  header.passages = whole("passages", 0, kMany);
  header.chunks = whole("chunks", 0, kMany);
  header.remainder_tokens = whole("remainder_tokens", 0, header.chunk_length - 1);
  header.stage1_length = static_cast<std::uint32_t>(whole("stage1_length", 1, kMaxChunkLength));
  header.stage2_length = static_cast<std::uint32_t>(whole("stage2_length", 1, kMaxChunkLength));
  header.filling_chunks = whole("filling_chunks", 0, header.chunks);
  return header;
} catch (const nlohmann::json::exception& error) {
  throw std::runtime_error("its header is none: " + std::string(error.what()));
}

RecordLayout::RecordLayout(Selection selection, std::uint32_t vocab_size,
                           std::uint32_t chunk_length)
    : token_bytes(vocab_size <= 65536 ? 2 : 4),
      order_bytes(chunk_length <= 256 ? 1 : 2),
      score_bytes(selection == Selection::kConstituency ? 1 : 4),
      order_at(token_bytes * chunk_length),
      scores_at(order_at + order_bytes * chunk_length),
      record_bytes(proto::rounded_up(scores_at + score_bytes * chunk_length, kRecordAlignment)) {}

std::string shard_name(std::uint32_t shard, std::uint32_t shards) {
  char name[48];
  std::snprintf(name, sizeof name, "shard-%05u-of-%05u", shard, shards);
  return name + std::string(kShardSuffix);
}

void append_record(const RecordLayout& layout, std::span<const std::uint32_t> tokens,
                   std::span<const std::uint16_t> order, std::span<const float> scores,
                   std::string& out) {
  const std::size_t end = out.size() + layout.record_bytes;
  layout.token_bytes == 2 ? append_all<std::uint16_t>(tokens, out)
                          : append_all<std::uint32_t>(tokens, out);
  layout.order_bytes == 1 ? append_all<std::uint8_t>(order, out)
                          : append_all<std::uint16_t>(order, out);
  layout.score_bytes == 1 ? append_all<std::uint8_t>(scores, out) : append_all<float>(scores, out);
  out.resize(end, '\0');
}

void append_index_entry(const Capacity& capacity, std::string& out) {
  append_number(capacity.keys, out);
  append_number(capacity.picks, out);
}

std::string shard_beginning(const ShardHeader& header, std::uint64_t records_checksum,
                            std::uint64_t index_checksum) {
  const RecordLayout layout(header.selection, header.vocab_size, header.chunk_length);
  const std::string json = to_json(header);
  const std::size_t records_at =
      proto::rounded_up(kShardPreambleBytes + json.size(), kShardAlignment);
  std::string out(kShardMagic);
  append_number(kShardVersion, out);
  append_number(static_cast<std::uint32_t>(json.size()), out);
  append_number(proto::xxh64(json), out);
  append_number(records_checksum, out);
  append_number(index_checksum, out);
  append_number(
      std::uint64_t{records_at + header.chunks * (layout.record_bytes + kIndexEntryBytes)}, out);
  out += json;
  out.resize(records_at, '\0');
  return out;
}

ScoredShard::ScoredShard(const std::filesystem::path& path)
    : place_(path.string()),
      file_(path),
      header_(open_header(file_.bytes(), place_)),
      layout_(header_.selection, header_.vocab_size, header_.chunk_length) {
  const Preamble preamble = read_preamble(file_.bytes());
  records_checksum_ = preamble.records_checksum;
  index_checksum_ = preamble.index_checksum;
  const std::size_t records_at =
      proto::rounded_up(kShardPreambleBytes + preamble.header_length, kShardAlignment);
  const std::uint64_t per_chunk = layout_.record_bytes + kIndexEntryBytes;
  const std::string_view file = file_.bytes();
  if (records_at > file.size() || (file.size() - records_at) / per_chunk != header_.chunks ||
      (file.size() - records_at) % per_chunk != 0) {
    throw std::runtime_error(place_ + ": " + std::to_string(file.size()) +
                             " bytes are not those of " + std::to_string(header_.chunks) +
                             " chunks; remove it and run annotate again");
  }
  records_ = file.substr(records_at, header_.chunks * layout_.record_bytes);
  index_ = file.substr(records_at + records_.size());
  if (proto::xxh64(index_) != index_checksum_) {
    throw std::runtime_error(place_ + ": its index is damaged; remove it and run annotate again");
  }
}

Capacity ScoredShard::capacity(std::uint64_t chunk) const {
  const char* at = index_.data() + chunk * kIndexEntryBytes;
  return {number_at<std::uint16_t>(at), number_at<std::uint16_t>(at + 2)};
}

void ScoredShard::read_tokens(std::uint64_t chunk, std::span<std::uint32_t> out) const {
  layout_.token_bytes == 2 ? read_all<std::uint16_t>(record(chunk), out)
                           : read_all<std::uint32_t>(record(chunk), out);
}

void ScoredShard::read_stage(std::uint64_t chunk, std::uint32_t length,
                             std::span<std::uint16_t> positions) const {
  const char* at = record(chunk) + layout_.order_at;
  if (layout_.order_bytes == 1) {
    return select<std::uint8_t>({reinterpret_cast<const std::uint8_t*>(at), header_.chunk_length},
                                length, positions);
  }
  static thread_local std::vector<std::uint16_t> order;
  order.resize(header_.chunk_length);
  read_all<std::uint16_t>(at, std::span(order));
  select<std::uint16_t>(order, length, positions);
}

void ScoredShard::read_scores(std::uint64_t chunk, std::span<float> out) const {
  const char* at = record(chunk) + layout_.scores_at;
  layout_.score_bytes == 1 ? read_all<std::uint8_t>(at, out) : read_all<float>(at, out);
}

void ScoredShard::verify() const {
  if (proto::xxh64(records_) == records_checksum_) return;
  throw std::runtime_error(place_ + ": its records are damaged; remove it and run annotate again");
}

}  // namespace millrace::annotation
