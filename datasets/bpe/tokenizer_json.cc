// Parsing of the Python package's tokenizer.json. Settings that would change an id and are not
// implemented are refused by name.
#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <stdexcept>
#include <string>

#include "datasets/bpe/bpe_files.h"
#include "datasets/bpe/bpe_vocabulary.h"
#include "datasets/bpe/byte_alphabet.h"
#include "proto/json_numbers.h"
#include "proto/json_text.h"

namespace millrace::datasets {
namespace {

using Json = nlohmann::json;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

[[noreturn]] void refuse(const std::string& what) {
  fail(what +
       " is not implemented, and without it the ids would be others; docs/reference/tokenizing.md "
       "lists what is read");
}

const Json kNull;

constexpr std::size_t kMostDepth = 16;

/// Numbers, as Digits knows them: it is of Unicode 17.0, which has 13 more than 16.0.
constexpr const char* kNumber = R"([\p{N}\x{11de0}-\x{11de9}\x{16ff4}-\x{16ff6}])";

template <class Value>
struct Named {
  std::string_view name;
  Value value;
};

constexpr std::array<Named<NormalForm>, 4> kNormalForms = {{{"NFC", NormalForm::kNfc},
                                                            {"NFD", NormalForm::kNfd},
                                                            {"NFKC", NormalForm::kNfkc},
                                                            {"NFKD", NormalForm::kNfkd}}};

constexpr std::array<Named<SplitBehavior>, 5> kBehaviors = {
    {{"Removed", SplitBehavior::kRemoved},
     {"Isolated", SplitBehavior::kIsolated},
     {"MergedWithPrevious", SplitBehavior::kMergedWithPrevious},
     {"MergedWithNext", SplitBehavior::kMergedWithNext},
     {"Contiguous", SplitBehavior::kContiguous}}};

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

/// The type of a part, which `where` names.
std::string type_of(const Json& part, const std::string& where) {
  if (!part.is_object()) fail(where + " is no object");
  return text_of(part, "type", where);
}

/// Calls take(part) for a part, or for each part of a Sequence, whose list is called `list`.
template <class Take>
void for_each_part(const Json& part, const std::string& where, const char* list, const Take& take,
                   std::size_t depth = 0) {
  if (type_of(part, where) != "Sequence") return take(part);
  check_keys(part, {"type", list}, where);
  const Json& parts = member(part, list);
  if (!parts.is_array()) fail(where + " has no list '" + list + "'");
  if (depth == kMostDepth) fail(where + " has too many Sequences within Sequences");
  for (const Json& each : parts) for_each_part(each, where, list, take, depth + 1);
}

void take_normalizer(const Json& part, BpeParts& parts) {
  const std::string where = "the normalizer";
  const std::string type = type_of(part, where);
  const auto found = std::ranges::find(kNormalForms, type, &Named<NormalForm>::name);
  if (found == kNormalForms.end()) refuse(where + " " + type);
  check_keys(part, {"type"}, where + " " + type);
  parts.normal_forms.push_back(found->value);
}

/// A pattern that matches the text and nothing else.
std::string pattern_of_text(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::ispunct(static_cast<unsigned char>(c)) != 0) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

SplitRule split_rule(const Json& part) {
  const std::string where = "the pre_tokenizer Split";
  check_keys(part, {"type", "pattern", "behavior", "invert"}, where);
  SplitRule rule;
  const Json& pattern = member(part, "pattern");
  if (!pattern.is_object() || pattern.size() != 1) fail(where + " has no 'pattern'");
  if (pattern.contains("String")) {
    rule.pattern = pattern_of_text(text_of(pattern, "String", where));
  } else {
    rule.pattern = text_of(pattern, "Regex", where);
  }
  const std::string behavior = text_of(part, "behavior", where);
  const auto found = std::ranges::find(kBehaviors, behavior, &Named<SplitBehavior>::name);
  if (found == kBehaviors.end()) refuse("the behavior " + behavior + " of " + where);
  rule.behavior = found->value;
  rule.invert = flag(part, "invert", where);
  return rule;
}

SplitRule digits_rule(const Json& part) {
  const std::string where = "the pre_tokenizer Digits";
  check_keys(part, {"type", "individual_digits"}, where);
  const bool individual = flag(part, "individual_digits", where);
  return {kNumber, individual ? SplitBehavior::kIsolated : SplitBehavior::kContiguous, false};
}

void take_byte_level(const Json& part, BpeParts& parts) {
  check_keys(part, {"type", "add_prefix_space", "trim_offsets", "use_regex"}, "the pre_tokenizer");
  if (!part.contains("add_prefix_space")) fail("the pre_tokenizer does not say add_prefix_space");
  parts.add_prefix_space = flag(part, "add_prefix_space", "the pre_tokenizer");
  parts.use_regex = flag(part, "use_regex", "the pre_tokenizer", true);
}

/// Rules that split a text, then ByteLevel, which spells the bytes.
void take_pre_tokenizer(const Json& whole, BpeParts& parts) {
  bool has_byte_level = false;
  const auto take = [&](const Json& part) {
    const std::string type = type_of(part, "the pre_tokenizer");
    if (has_byte_level) refuse("the pre_tokenizer " + type + " behind ByteLevel");
    if (type == "Split") {
      parts.splits.push_back(split_rule(part));
    } else if (type == "Digits") {
      parts.splits.push_back(digits_rule(part));
    } else if (type == "ByteLevel") {
      take_byte_level(part, parts);
      has_byte_level = true;
    } else {
      refuse("the pre_tokenizer " + type);
    }
  };
  if (!whole.is_null()) for_each_part(whole, "the pre_tokenizer", "pretokenizers", take);
  if (!has_byte_level) refuse("a tokenizer without a ByteLevel pre_tokenizer");
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
  token.takes_space_before = flag(entry, "lstrip", where);
  token.takes_space_behind = flag(entry, "rstrip", where);
  if (flag(entry, "single_word", where)) refuse("single_word of " + where);
  return token;
}

}  // namespace

BpeParts parse_tokenizer_json(std::string_view text) {
  const Json root = parse_json(text);
  if (!root.is_object()) fail("this is no JSON object; is this a tokenizer.json?");
  BpeParts parts;
  if (root.contains("version") && root["version"] != "1.0") {
    refuse("version " + proto::json_text(root["version"]));
  }
  take_model(member(root, "model"), parts);
  check_keys(root,
             {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
              "post_processor", "decoder", "model"},
             "the file");
  // Of texts, the others are of no account: a post_processor puts tokens around a finished
  // sequence, truncation cuts it and padding fills it up, and a decoder is for the way back.
  if (const Json& part = member(root, "normalizer"); !part.is_null()) {
    for_each_part(part, "the normalizer", "normalizers",
                  [&](const Json& each) { take_normalizer(each, parts); });
  }
  take_pre_tokenizer(member(root, "pre_tokenizer"), parts);
  const Json& added = member(root, "added_tokens");
  if (!added.is_null() && !added.is_array()) fail("added_tokens is no list");
  for (const Json& entry : added) parts.added.push_back(added_token(entry));
  return parts;
}

}  // namespace millrace::datasets
