// Parsing of the Python package's tokenizer.json. Settings that would change an id and are not
// implemented are refused by name.
#include <algorithm>
#include <array>
#include <initializer_list>
#include <stdexcept>
#include <string>

#include "datasets/bpe/bpe_files.h"
#include "datasets/bpe/bpe_vocabulary.h"
#include "datasets/bpe/byte_alphabet.h"
#include "proto/json_numbers.h"

namespace millrace::datasets {
namespace {

using Json = nlohmann::json;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

[[noreturn]] void refuse(const std::string& what) {
  fail(what +
       " is not implemented, and without it the ids would be others; byte-level BPE as GPT-2 has "
       "it is what is read");
}

const Json kNull;

/// A member; null where it is absent.
const Json& member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

std::string text_of(const Json& object, const char* name, const std::string& where) {
  const Json& value = member(object, name);
  if (!value.is_string()) fail(where + " has no text '" + name + "'");
  return value.get<std::string>();
}

/// A boolean member; `if_absent` where it is missing or null.
bool flag(const Json& object, const char* name, const std::string& where, bool if_absent = false) {
  const Json& value = member(object, name);
  if (value.is_null()) return if_absent;
  if (!value.is_boolean()) {
    fail("'" + std::string(name) + "' of " + where + " is neither true nor false");
  }
  return value.get<bool>();
}

/// Refuses members other than the known ones.
void check_keys(const Json& object, std::initializer_list<std::string_view> known,
                const std::string& where) {
  for (const auto& [key, value] : object.items()) {
    if (std::ranges::find(known, key) == known.end()) refuse("'" + key + "' of " + where);
  }
}

bool is_unset(const Json& value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty());
}

/// Refuses a part whose type is not ByteLevel.
void check_byte_level(const Json& part, const std::string& where) {
  if (!part.is_object()) fail("the " + where + " is no object");
  const std::string type = text_of(part, "type", "the " + where);
  if (type != "ByteLevel") refuse("the " + where + " " + type);
}

/// Refuses a part that is there.
void check_absent(const Json& root, const char* name) {
  const Json& value = member(root, name);
  if (value.is_null()) return;
  const Json& type = value.is_object() ? member(value, "type") : kNull;
  refuse("the " + std::string(name) + (type.is_string() ? " " + type.get<std::string>() : ""));
}

void take_pre_tokenizer(const Json& part, BpeParts& parts) {
  if (part.is_null()) refuse("a tokenizer without a ByteLevel pre_tokenizer");
  check_byte_level(part, "pre_tokenizer");
  check_keys(part, {"type", "add_prefix_space", "trim_offsets", "use_regex"}, "the pre_tokenizer");
  if (!part.contains("add_prefix_space")) fail("the pre_tokenizer does not say add_prefix_space");
  parts.add_prefix_space = flag(part, "add_prefix_space", "the pre_tokenizer");
  parts.use_regex = flag(part, "use_regex", "the pre_tokenizer", true);
}

std::pair<std::string, std::string> merge_of(const Json& entry, std::size_t number) {
  if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
    return {entry[0].get<std::string>(), entry[1].get<std::string>()};
  }
  if (entry.is_string()) {
    const auto text = entry.get<std::string>();
    const std::size_t space = text.find(' ');
    if (space != std::string::npos && text.find(' ', space + 1) == std::string::npos) {
      return {text.substr(0, space), text.substr(space + 1)};
    }
  }
  fail("merge " + std::to_string(number) + " is neither \"a b\" nor [\"a\", \"b\"]");
}

bool has_all_bytes(const std::vector<std::string>& vocabulary) {
  std::array<bool, 256> seen{};
  for (const std::string& token : vocabulary) {
    const auto bytes = bytes_of_spelling(token);
    if (bytes && bytes->size() == 1) seen[static_cast<std::uint8_t>(bytes->front())] = true;
  }
  return std::ranges::all_of(seen, [](bool each) { return each; });
}

void take_model(const Json& model, BpeParts& parts) {
  const std::string where = "the model";
  if (!model.is_object()) fail("there is no model in it; is this a tokenizer.json?");
  // The package's first versions did not write the type of a BPE.
  if (model.contains("type") || !model.contains("merges")) {
    const std::string type = text_of(model, "type", where);
    if (type != "BPE") refuse("the model " + type);
  }
  check_keys(model,
             {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
              "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"},
             where);
  if (const Json& dropout = member(model, "dropout"); !dropout.is_null() && dropout != 0) {
    refuse("dropout of the model");
  }
  for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!is_unset(member(model, name))) refuse(std::string(name) + " of the model");
  }
  if (flag(model, "byte_fallback", where)) refuse("byte_fallback of the model");
  parts.ignore_merges = flag(model, "ignore_merges", where);
  parts.vocabulary = tokens_by_id(member(model, "vocab"));
  // Where every byte has a token, nothing is unknown.
  if (!is_unset(member(model, "unk_token")) && !has_all_bytes(parts.vocabulary)) {
    refuse("unk_token of the model");
  }

  const Json& merges = member(model, "merges");
  if (!merges.is_array()) fail("the model has no list of merges");
  for (const Json& entry : merges) parts.merges.push_back(merge_of(entry, parts.merges.size() + 1));
}

AddedToken added_token(const Json& entry) {
  if (!entry.is_object()) fail("an added token is no object");
  AddedToken token{.content = text_of(entry, "content", "an added token")};
  const std::string where = "the added token '" + token.content + "'";
  check_keys(entry, {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"},
             where);
  const auto id = proto::try_whole<std::uint32_t>(member(entry, "id"));
  if (!id) fail(where + " has no id that is a whole number");
  token.id = *id;
  token.special = flag(entry, "special", where);
  token.normalized = flag(entry, "normalized", where);
  for (const char* name : {"single_word", "lstrip", "rstrip"}) {
    if (flag(entry, name, where)) refuse(std::string(name) + " of " + where);
  }
  return token;
}

}  // namespace

BpeParts parse_tokenizer_json(std::string_view text) {
  const Json root = parse_json(text);
  if (!root.is_object()) fail("this is no JSON object; is this a tokenizer.json?");
  BpeParts parts;
  take_model(member(root, "model"), parts);
  check_keys(root,
             {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
              "post_processor", "decoder", "model"},
             "the file");
  for (const char* name : {"truncation", "padding", "normalizer"}) check_absent(root, name);
  take_pre_tokenizer(member(root, "pre_tokenizer"), parts);
  // A ByteLevel post-processor changes offsets alone, which are not computed here.
  if (const Json& part = member(root, "post_processor"); !part.is_null()) {
    check_byte_level(part, "post_processor");
  }
  if (const Json& part = member(root, "decoder"); !part.is_null()) {
    check_byte_level(part, "decoder");
  }
  const Json& added = member(root, "added_tokens");
  if (!added.is_null() && !added.is_array()) fail("added_tokens is no list");
  for (const Json& entry : added) parts.added.push_back(added_token(entry));
  return parts;
}

}  // namespace millrace::datasets
