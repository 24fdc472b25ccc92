// The record as JSON.
#include "tools/tokenize/token_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "proto/file_name.h"
#include "proto/files.h"
#include "proto/json_numbers.h"
#include "proto/json_text.h"

namespace millrace::tools {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using proto::WireType;

constexpr const char* kFormat = "millrace tokens 1";

Json to_json(const Shard& shard) {
  return {{"file", shard.file},
          {"tokens", shard.tokens},
          {"xxh64", shard.hash},
          {"next_document", shard.next_document},
          {"taken_tokens", shard.taken_tokens}};
}

Json to_json(const SplitRecord& split) {
  Json shards = Json::array();
  for (const Shard& shard : split.shards) shards.push_back(to_json(shard));
  return {{"complete", split.complete},
          {"tokens", split.tokens()},
          {"documents", split.documents},
          {"shards", shards}};
}

Json to_json(const TokenRecord& record) {
  Json json{{"format", kFormat},
            {"complete", record.complete()},
            {"dtype", record.width == WireType::kU16 ? "uint16" : "uint32"},
            {"vocab_size", record.vocab_size},
            {"end_of_text", nullptr},
            {"tokenizer", record.tokenizer},
            {"dataset", record.dataset}};
  if (record.end_of_text) json["end_of_text"] = *record.end_of_text;
  json["settings"] = record.settings;
  json["splits"] = Json::object();
  for (const auto& [name, split] : record.splits) json["splits"][name] = to_json(split);
  return json;
}

Shard shard_from(const Json& json) {
  const auto file = json.at("file").get<std::string>();
  (void)proto::file_in({}, file, "a file in it");
  return {file, proto::whole<std::uint64_t>(json.at("tokens")), json.at("xxh64").get<std::string>(),
          proto::whole<std::uint64_t>(json.at("next_document")),
          proto::whole<std::uint64_t>(json.at("taken_tokens"))};
}

SplitRecord split_from(const Json& json) {
  SplitRecord split{json.at("complete").get<bool>(), json.at("documents").get<std::uint64_t>(), {}};
  for (const Json& shard : json.at("shards")) split.shards.push_back(shard_from(shard));
  return split;
}

TokenRecord record_from(const Json& json) {
  if (json.at("format") != kFormat) throw std::runtime_error("it is of another program or version");
  TokenRecord record;
  record.settings = json.at("settings").get<std::map<std::string, std::string>>();
  record.width = json.at("dtype") == "uint16" ? WireType::kU16 : WireType::kU32;
  record.vocab_size = json.at("vocab_size").get<std::uint64_t>();
  if (!json.at("end_of_text").is_null()) {
    record.end_of_text = json.at("end_of_text").get<std::uint32_t>();
  }
  record.tokenizer = json.at("tokenizer").get<std::string>();
  record.dataset = json.at("dataset").get<std::string>();
  for (const auto& [name, split] : json.at("splits").items()) {
    record.splits[name] = split_from(split);
  }
  return record;
}

}  // namespace

std::uint64_t SplitRecord::tokens() const {
  std::uint64_t tokens = 0;
  for (const Shard& shard : shards) tokens += shard.tokens;
  return tokens;
}

bool TokenRecord::empty() const {
  return std::ranges::all_of(splits, [](const auto& split) { return split.second.shards.empty(); });
}

bool TokenRecord::complete() const {
  for (const auto& [name, split] : splits) {
    if (!split.complete) return false;
  }
  return !splits.empty();
}

std::optional<TokenRecord> read_record(const fs::path& folder) {
  const fs::path path = folder / kRecordFile;
  if (!proto::real_disk().stat(path)) return std::nullopt;
  try {
    return record_from(proto::read_ordered_json(proto::read_file(path)));
  } catch (const proto::DiskError&) {
    throw;
  } catch (const std::exception& error) {
    throw std::runtime_error(path.string() + ": this is no record of tokenize (" + error.what() +
                             "); take another --out, or remove what is in this one");
  }
}

void write_record(const fs::path& folder, const TokenRecord& record) {
  proto::replace_file(folder / kRecordFile, proto::json_text(to_json(record), 2) + '\n');
  proto::real_disk().sync(folder / kRecordFile);
  proto::real_disk().sync(folder);
}

}  // namespace millrace::tools
