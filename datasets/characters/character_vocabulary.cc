// Vocabularies of characters, and vocab.json.
#include "datasets/characters/character_vocabulary.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "datasets/io/utf8.h"
#include "proto/files.h"
#include "proto/json_numbers.h"
#include "proto/json_text.h"
#include "proto/user_file.h"

namespace millrace::datasets {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxTokens = std::size_t{1} << 21;  // more than there are characters

[[noreturn]] void refuse(const std::string& place, const std::string& what) {
  throw std::runtime_error(place + ": " + what +
                           "; a vocabulary is an object from characters to ids, as inspect stream "
                           "CONFIG --save-vocabulary=FILE writes");
}

/// The character that is the whole token; empty where it is not one.
std::optional<char32_t> character_of(std::string_view token) {
  if (token.empty()) return std::nullopt;
  const auto decoded = decode_utf8(token, 0);
  if (!decoded || decoded->bytes != token.size()) return std::nullopt;
  return decoded->code_point;
}

/// Parses JSON, and refuses a key that occurs twice, which JSON allows.
Json parse_json(std::string_view text, const std::string& place) {
  if (proto::is_deep_json(text)) return Json::value_t::discarded;
  std::set<std::string> keys;
  std::string twice;
  const auto note_key = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth == 1 && event == Json::parse_event_t::key &&
        !keys.insert(parsed.get<std::string>()).second) {
      twice = parsed.get<std::string>();
    }
    return true;
  };
  const Json json = Json::parse(text, note_key, false);
  if (!twice.empty()) refuse(place, "'" + twice + "' is in it twice");
  return json;
}

void take_entry(const std::string& token, const Json& id, std::vector<std::string>& tokens,
                const std::string& place) {
  const std::string shown = "'" + token + "'";
  const auto number = proto::try_whole<std::uint64_t>(id);
  if (!number) {
    refuse(place,
           "the id of " + shown + " is " + proto::json_text(id) + ", not a whole number from 0 on");
  }
  if (token != kUnknownToken && !character_of(token)) {
    refuse(place, shown + " is not one character, nor " + std::string(kUnknownToken));
  }
  if (*number >= tokens.size()) {
    refuse(place, shown + " has id " + std::to_string(*number) + ", and " +
                      std::to_string(tokens.size()) + " tokens have the ids 0 to " +
                      std::to_string(tokens.size() - 1));
  }
  if (!tokens[*number].empty()) {
    refuse(place, "'" + tokens[*number] + "' and " + shown + " have the same id, " +
                      std::to_string(*number));
  }
  tokens[*number] = token;
}

}  // namespace

CharacterVocabulary::CharacterVocabulary(std::vector<std::string> tokens) {
  vocabulary_.size = static_cast<std::uint32_t>(tokens.size());
  vocabulary_.tokens = std::move(tokens);
  for (std::uint32_t id = 0; id < vocabulary_.size; ++id) {
    const std::optional<char32_t> character = character_of(vocabulary_.tokens[id]);
    if (!character) {
      unknown_ = id;
      continue;
    }
    if (*character >= ids_.size()) ids_.resize(*character + 1, kNoId);
    ids_[*character] = id;
  }
}

std::vector<bool> CharacterVocabulary::characters() const {
  std::vector<bool> known(ids_.size());
  for (std::size_t c = 0; c < ids_.size(); ++c) known[c] = ids_[c] != kNoId;
  return known;
}

CharacterVocabulary vocabulary_of(std::span<const std::span<const CharacterCount>> alphabets) {
  std::set<std::uint64_t> all;
  for (const auto& alphabet : alphabets) {
    for (const CharacterCount& each : alphabet) all.insert(each.code_point);
  }
  std::vector<std::string> tokens;
  tokens.reserve(all.size());
  for (const std::uint64_t each : all) tokens.push_back(encode_utf8(static_cast<char32_t>(each)));
  return CharacterVocabulary(std::move(tokens));
}

std::vector<std::string> parse_vocabulary(std::string_view text, const std::string& place) {
  const Json json = parse_json(text, place);
  if (json.is_discarded()) refuse(place, "not valid JSON");
  if (!json.is_object() || json.empty()) refuse(place, "not a JSON object with characters in it");
  if (json.size() > kMaxTokens) {
    refuse(place,
           "it has " + std::to_string(json.size()) + " entries, more than there are characters");
  }
  std::vector<std::string> tokens(json.size());
  for (const auto& [token, id] : json.items()) take_entry(token, id, tokens, place);
  return tokens;
}

CharacterVocabulary load_vocabulary(const std::filesystem::path& path, bool with_unknown) {
  const auto entry = proto::real_disk().stat(path);
  if (entry && !std::filesystem::is_regular_file(path)) {
    throw std::runtime_error(path.string() +
                             ": it is no file; data.vocabulary names a vocab.json, which every "
                             "process reads");
  }
  if (!entry) {
    throw std::runtime_error(
        path.string() +
        ": there is no such vocabulary (data.vocabulary); save one with inspect stream CONFIG "
        "--data.vocabulary= --save-vocabulary=" +
        path.string());
  }
  std::vector<std::string> tokens = parse_vocabulary(proto::read_file(path), path.string());
  const bool there = std::ranges::find(tokens, kUnknownToken) != tokens.end();
  if (with_unknown && !there) tokens.emplace_back(kUnknownToken);
  return CharacterVocabulary(std::move(tokens));
}

void save_vocabulary(const std::filesystem::path& path, std::span<const std::string> tokens) {
  std::string text = "{";
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    text += (id == 0 ? "\n  " : ",\n  ") + proto::json_text(Json(tokens[id])) + ": " +
            std::to_string(id);
  }
  proto::write_user_file(path, text + "\n}\n");
}

}  // namespace millrace::datasets
