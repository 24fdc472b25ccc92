// Reading meta.json.
#include "datasets/tokens/token_notes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/text.h"
#include "proto/file_name.h"
#include "proto/files.h"
#include "proto/json_numbers.h"
#include "proto/json_text.h"

namespace millrace::datasets {
namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const std::string& place, const std::string& what) {
  throw std::runtime_error(place + ": " + what +
                           "; make the token files again with tokenize, or remove this file if "
                           "they have ids of 16 bits");
}

std::optional<std::uint32_t> whole(const Json& json, const char* key, const std::string& place) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return std::nullopt;
  if (const auto number = proto::try_whole<std::uint32_t>(*found)) return number;
  refuse(place,
         std::string(key) + " is " + proto::json_text(*found) + ", not a whole number of 32 bits");
}

std::optional<proto::WireType> width(const Json& json, const std::string& place) {
  const auto found = json.find("dtype");
  if (found == json.end()) return std::nullopt;
  if (*found == "uint16") return proto::WireType::kU16;
  if (*found == "uint32") return proto::WireType::kU32;
  refuse(place, "dtype is " + proto::json_text(*found) + ", not \"uint16\" or \"uint32\"");
}

/// The files that tokenize lists (tools/tokenize/token_record.h); empty for another program's
/// notes.
auto noted_files(const Json& json, const std::string& place) {
  decltype(TokenNotes::files) files;
  const auto format = json.find("format");
  if (format == json.end() || *format != "millrace tokens 1") return files;
  files.emplace();
  try {
    for (const auto& [split, record] : json.at("splits").items()) {
      for (const Json& shard : record.at("shards")) {
        (*files)[split].push_back({shard.at("file").get<std::string>(),
                                   proto::whole<std::uint64_t>(shard.at("tokens")),
                                   shard.at("xxh64").get<std::string>()});
        (void)proto::file_in({}, (*files)[split].back().name, "a file in it");
      }
    }
  } catch (const std::runtime_error& error) {  // a name or a number that no file of ours has
    refuse(place, error.what());
  } catch (const Json::exception&) {
    refuse(place, "its list of files is not as tokenize writes it");
  }
  return files;
}

std::string noted_tokenizer(const Json& json) {
  const auto settings = json.find("settings");
  if (settings == json.end() || !settings->is_object()) return {};
  const auto hash = settings->find("tokenizer_hash");
  return hash == settings->end() || !hash->is_string() ? std::string() : hash->get<std::string>();
}

}  // namespace

TokenNotes parse_token_notes(std::string_view text, const std::string& place) {
  const Json json = proto::try_read_json(text);
  if (!json.is_object()) refuse(place, "not a JSON object");
  if (json.contains("complete") && json["complete"] == false) {
    throw std::runtime_error(place +
                             ": tokenize was interrupted before all was written; run it again, it "
                             "goes on where it stopped");
  }
  return {width(json, place), whole(json, "vocab_size", place), whole(json, "end_of_text", place),
          noted_files(json, place), noted_tokenizer(json)};
}

const NotedFile* TokenNotes::find(std::string_view name) const {
  if (!files) return nullptr;
  for (const auto& [split, noted] : *files) {
    const auto found = std::ranges::find(noted, name, &NotedFile::name);
    if (found != noted.end()) return &*found;
  }
  return nullptr;
}

void check_names(const TokenNotes& notes, std::string_view split,
                 const std::vector<std::string>& names, const std::filesystem::path& folder) {
  if (!notes.files) return;
  const auto noted = notes.files->find(std::string(split));
  if (noted != notes.files->end()) {
    for (const NotedFile& each : noted->second) {
      if (std::ranges::find(names, each.name) != names.end()) continue;
      throw std::runtime_error(folder.string() + ": meta.json lists " + each.name +
                               ", which is not there; fetch it, or run tokenize again");
    }
  }
  for (const std::string& name : names) {
    if (notes.find(name) != nullptr) continue;
    throw std::runtime_error((folder / name).string() +
                             ": meta.json beside it does not list this file; remove it, or if it "
                             "belongs to the dataset, run tokenize again");
  }
}

void check_content(const TokenNotes& notes, const std::filesystem::path& path, std::uint64_t tokens,
                   const std::string& hash) {
  const NotedFile* const noted = notes.find(path.filename().string());
  if (noted == nullptr || (noted->tokens == tokens && noted->hash == hash)) return;
  const auto described = [](std::uint64_t count, const std::string& sum) {
    return base::counted(count, "token") + " with xxh64 " + sum;
  };
  throw std::runtime_error(path.string() + ": it has " + described(tokens, hash) +
                           ", and meta.json beside it says " +
                           described(noted->tokens, noted->hash) +
                           ": it was cut or altered; fetch it again, or remove it and run tokenize "
                           "again");
}

TokenNotes read_token_notes(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "meta.json";
  const auto entry = proto::real_disk().stat(path);
  if (!entry || entry->is_folder) return {};
  return parse_token_notes(proto::read_file(path), path.string());
}

}  // namespace millrace::datasets
