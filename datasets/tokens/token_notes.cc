// Reading meta.json.
#include "datasets/tokens/token_notes.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

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

}  // namespace

TokenNotes parse_token_notes(std::string_view text, const std::string& place) {
  const Json json = proto::try_read_json(text);
  if (!json.is_object()) refuse(place, "not a JSON object");
  if (json.contains("complete") && json["complete"] == false) {
    throw std::runtime_error(place +
                             ": tokenize was interrupted before all was written; run it again, it "
                             "goes on where it stopped");
  }
  return {width(json, place), whole(json, "vocab_size", place), whole(json, "end_of_text", place)};
}

TokenNotes read_token_notes(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "meta.json";
  if (!std::filesystem::is_regular_file(path)) return {};
  return parse_token_notes(proto::read_file(path), path.string());
}

}  // namespace millrace::datasets
