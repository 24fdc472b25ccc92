// TOML nodes as values of the key table, with file and line in every error.
#include "config/read_toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <system_error>

#include "config/dataset_keys.h"
#include "config/errors.h"
#include "config/home.h"
#include "config/keys.h"
#include "config/nearest.h"
#include "config/settings.h"
#include "config/stages.h"
#include "config/value_text.h"

namespace millrace::config {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;
constexpr std::size_t kMostDots = 1000;  // in a line
constexpr std::size_t kMostDotsInAll = 20000;
/// The file by which a checkpoint's folder is known (proto::kTrainerFile).
constexpr const char* kCheckpointMark = "trainer.json";

namespace fs = std::filesystem;

// "FILE:LINE: " of a node; empty if the text is not from a file.
std::string place(const toml::source_region& source) {
  return source.path ? *source.path + ":" + std::to_string(source.begin.line) + ": "
                     : std::string();
}

[[noreturn]] void fail(const toml::node& node, const std::string& what) {
  throw UsageError(place(node.source()) + what);
}

std::string quote(std::string_view text) { return "'" + std::string(text) + "'"; }

// The node as written, for messages; of an array or a table only its kind.
std::string shown(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& each) {
    if constexpr (toml::is_value<decltype(each)>) {
      text << each;
    } else if constexpr (toml::is_array<decltype(each)>) {
      text << "an array";
    } else {
      text << "a table";
    }
  });
  return text.str();
}

[[noreturn]] void refuse(const toml::node& node, std::string_view name, const Kind& kind) {
  fail(node, std::string(name) + " = " + shown(node) + ": expected " + expectation(kind));
}

std::vector<StageOptions> stages_from(const toml::node& node, std::string_view name);
SettingTable settings_from(const toml::node& node, std::string_view name);
std::vector<WeightPoint> weights_from(const toml::node& node, std::string_view name);
std::vector<DatasetOptions> datasets_from(const toml::node& node, std::string_view name);

std::string text_from(const toml::node& node, std::string_view name, Names names) {
  try {
    return expand_home(*node.value<std::string>(), names);
  } catch (const UsageError& error) {
    fail(node, std::string(name) + " = " + shown(node) + ": " + error.what());
  }
}

// The node as a value of the kind. Checks the type, not the range.
Value typed(const toml::node& node, std::string_view name, const Kind& kind) {
  if (std::holds_alternative<BoolKind>(kind) && node.is_boolean()) return *node.value<bool>();
  const auto* const text = std::get_if<StringKind>(&kind);
  if (text != nullptr && node.is_string()) return text_from(node, name, text->names);
  if (std::holds_alternative<FloatKind>(kind) && node.is_number()) return *node.value<double>();
  if (std::holds_alternative<StagesKind>(kind) && node.is_array()) return stages_from(node, name);
  if (std::holds_alternative<SettingsKind>(kind) && node.is_table()) {
    return settings_from(node, name);
  }
  if (std::holds_alternative<WeightsKind>(kind)) return weights_from(node, name);
  if (std::holds_alternative<DatasetsKind>(kind) && node.is_array()) {
    return datasets_from(node, name);
  }
  const bool is_number = std::holds_alternative<IntKind>(kind) && node.is_integer() &&
                         *node.value<std::int64_t>() >= 0;
  if (!is_number) refuse(node, name, kind);
  return static_cast<std::uint64_t>(*node.value<std::int64_t>());
}

Value checked(const toml::node& node, std::string_view name, const Kind& kind) {
  Value value = typed(node, name, kind);
  if (!allows(kind, value)) refuse(node, name, kind);
  return value;
}

std::string stage_type_name(const toml::table& table, std::string_view name) {
  const toml::node* type = table.get("type");
  if (type == nullptr) {
    fail(table,
         std::string(name) + ": a stage has no type; known types: " + keyed_stage_type_names());
  }
  if (!type->is_string()) refuse(*type, "type", StringKind{});
  return *type->value<std::string>();
}

// `known`: the keys of the type, besides those that every stage may have.
void check_stage_keys(const toml::table& table, const std::string& type,
                      std::vector<std::string> known) {
  known.emplace_back("type");
  for (const StageKey& key : schedule_keys()) known.emplace_back(key.name);
  for (const auto& [name, node] : table) {
    if (std::ranges::find(known, name.str()) != known.end()) continue;
    throw UsageError(place(name.source()) + "a " + type + " stage has no key " + quote(name.str()) +
                     did_you_mean(name.str(), known));
  }
}

void read_stage_keys(const toml::table& table, const KeyedStageType& type, StageOptions& stage) {
  std::vector<std::string> known;
  for (const StageKey& key : type.keys) known.emplace_back(key.name);
  check_stage_keys(table, stage.type, known);
  for (const StageKey& key : type.keys) {
    const toml::node* node = table.get(key.name);
    if (node == nullptr) {
      fail(table, "a " + stage.type + " stage needs " + std::string(key.name) + ", " +
                      expectation(key.kind));
    }
    key.set(stage, checked(*node, key.name, key.kind));
  }
}

// A type that is not listed: its code checks the settings. Without them it is a misspelled one.
void read_stage_settings(const toml::table& table, StageOptions& stage) {
  const toml::node* settings = table.get(kStageSettings);
  if (settings == nullptr) {
    fail(*table.get("type"),
         "unknown stage type '" + stage.type + "'; known types: " + keyed_stage_type_names());
  }
  if (!is_plain(stage.type)) {
    fail(*table.get("type"),
         "the stage type '" + stage.type + "': expected up to 64 letters, digits, _ and -");
  }
  check_stage_keys(table, stage.type, {std::string(kStageSettings)});
  stage.settings = std::get<SettingTable>(typed(*settings, kStageSettings, SettingsKind{}));
}

StageOptions stage_from(const toml::table& table, std::string_view name) {
  StageOptions stage;
  stage.type = stage_type_name(table, name);
  if (const KeyedStageType* type = find_keyed_stage_type(stage.type)) {
    read_stage_keys(table, *type, stage);
  } else {
    read_stage_settings(table, stage);
  }
  for (const StageKey& key : schedule_keys()) {
    if (const toml::node* node = table.get(key.name)) {
      key.set(stage, checked(*node, key.name, key.kind));
    }
  }
  return stage;
}

std::vector<StageOptions> stages_from(const toml::node& node, std::string_view name) {
  std::vector<StageOptions> stages;
  for (const toml::node& element : *node.as_array()) {
    if (!element.is_table()) refuse(element, name, StagesKind{});
    stages.push_back(stage_from(*element.as_table(), name));
  }
  return stages;
}

Setting setting_from(const toml::node& node, const std::string& name) {
  if (node.is_boolean()) return *node.value<bool>();
  if (node.is_integer()) return *node.value<std::int64_t>();
  if (node.is_floating_point()) return *node.value<double>();
  if (node.is_string()) return *node.value<std::string>();
  fail(node, name + " = " + shown(node) + ": expected " + setting_expectation());
}

SettingTable settings_from(const toml::node& node, std::string_view name) {
  SettingTable settings;
  for (const auto& [key, each] : *node.as_table()) {
    const std::string one(key.str());
    settings.emplace(one, setting_from(each, std::string(name) + "." + one));
    if (const auto error = validation_error(one, settings.at(one))) {
      fail(each, std::string(name) + ": " + *error);
    }
  }
  if (const auto error = validation_error(settings)) fail(node, std::string(name) + ": " + *error);
  return settings;
}

// One number, or points [sample, weight].
std::vector<WeightPoint> weights_from(const toml::node& node, std::string_view name) {
  if (node.is_number()) return {{0, *node.value<double>()}};
  if (!node.is_array()) refuse(node, name, WeightsKind{});
  std::vector<WeightPoint> points;
  for (const toml::node& each : *node.as_array()) {
    const toml::array* pair = each.as_array();
    const bool fits = pair != nullptr && pair->size() == 2 && pair->get(0)->is_integer() &&
                      pair->get(1)->is_number();
    if (!fits || *pair->get(0)->value<std::int64_t>() < 0) refuse(each, name, WeightsKind{});
    points.push_back({static_cast<std::uint64_t>(*pair->get(0)->value<std::int64_t>()),
                      *pair->get(1)->value<double>()});
  }
  return points;
}

const DatasetKey& dataset_key(const toml::key& name) {
  std::vector<std::string> known;
  for (const DatasetKey& key : dataset_keys()) {
    if (key.name == name.str()) return key;
    known.emplace_back(key.name);
  }
  throw UsageError(place(name.source()) + "a dataset has no key " + quote(name.str()) +
                   did_you_mean(name.str(), known));
}

DatasetOptions dataset_from(const toml::table& table, std::string_view name) {
  DatasetOptions dataset;
  for (const auto& [key_name, node] : table) {
    const DatasetKey& key = dataset_key(key_name);
    key.set(dataset, checked(node, key.name, key.kind));
  }
  for (const DatasetKey& key : dataset_keys()) {
    if (key.required && !table.contains(key.name)) {
      fail(table, std::string(name) + ": a dataset needs " + std::string(key.name));
    }
  }
  return dataset;
}

std::vector<DatasetOptions> datasets_from(const toml::node& node, std::string_view name) {
  std::vector<DatasetOptions> datasets;
  for (const toml::node& element : *node.as_array()) {
    if (!element.is_table()) refuse(element, name, DatasetsKind{});
    datasets.push_back(dataset_from(*element.as_table(), name));
  }
  return datasets;
}

/// What is too deep about a text, if anything. toml++ reads the parts of a dotted key recursively,
/// and a value within a value within a table of such a key is freed recursively, which would use up
/// the stack. No key goes over the end of a line, so no reading is deeper than a line has dots, and
/// no value is deeper than the text has dots.
std::optional<std::string> too_deep(std::string_view text) {
  std::size_t line = 1;
  std::size_t dots = 0;
  std::size_t dots_in_all = 0;
  for (const char c : text) {
    if (c == '\n') ++line, dots = 0;
    if (c != '.') continue;
    if (++dots > kMostDots) {
      return std::to_string(line) + ": not TOML that a recipe has: more than " +
             std::to_string(kMostDots) + " dots in a line";
    }
    if (++dots_in_all > kMostDotsInAll) {
      return std::to_string(line) + ": not TOML that a recipe has: more than " +
             std::to_string(kMostDotsInAll) + " dots";
    }
  }
  return std::nullopt;
}

toml::table parse(std::string_view text, const std::string& path) {
  if (const auto what = too_deep(text)) throw UsageError(path + ":" + *what);
  try {
    return toml::parse(text, std::string_view(path));
  } catch (const toml::parse_error& error) {
    throw UsageError(place(error.source()) + "not TOML: " + std::string(error.description()));
  }
}

// `text` as the value of the one key "value".
toml::table parse_value(std::string_view text, const Kind& kind,
                        bool (toml::node::*fits)() const noexcept) {
  if (const auto what = too_deep(text)) throw UsageError("line " + *what);
  try {
    toml::table top = toml::parse("value = " + std::string(text));
    if (top.size() == 1 && (top.get("value")->*fits)()) return top;
  } catch (const toml::parse_error& error) {
    throw UsageError("not TOML: " + std::string(error.description()));
  }
  throw UsageError("expected " + expectation(kind));
}

std::vector<std::string> section_names() {
  std::vector<std::string> names;
  for (const Key& key : keys()) {
    if (names.empty() || names.back() != key.section) names.emplace_back(key.section);
  }
  return names;
}

void read_section(const std::string& section, const toml::table& table, Author author,
                  Options& options, WrittenKeys& written) {
  for (const auto& [name, node] : table) {
    const std::string full_name = section + "." + std::string(name.str());
    const Key* key = find_key(full_name);
    if (key == nullptr) {
      throw UsageError(place(name.source()) + "unknown key " + quote(full_name) +
                       key_hint(full_name));
    }
    written.set(*key, options, checked(node, full_name, key->kind), author);
  }
}

// A key above the first section, where only include is allowed.
[[noreturn]] void refuse_stray(const toml::key& name) {
  throw UsageError(place(name.source()) + "key " + quote(name.str()) + " stands in no section" +
                   key_hint(name.str()));
}

void read_top(const toml::table& top, Author author, Options& options, WrittenKeys& written) {
  const std::vector<std::string> sections = section_names();
  for (const auto& [name, node] : top) {
    if (name.str() == "include") continue;
    if (!node.is_table()) refuse_stray(name);
    if (std::ranges::find(sections, name.str()) == sections.end()) {
      throw UsageError(place(name.source()) + "unknown section " + quote(name.str()) +
                       did_you_mean(name.str(), sections));
    }
    read_section(std::string(name.str()), *node.as_table(), author, options, written);
  }
}

/// Why a file that a recipe names, or a checkpoint has, is not read. The user did not name it, so
/// it must neither block nor be without end.
std::optional<std::string> reason_against(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return "there is no such file";
  if (fs::is_directory(status)) return "it is a folder";
  if (!fs::is_regular_file(status)) return "it is a pipe or a device, not a file";
  return std::nullopt;
}

std::string read_text(const std::string& path, Author author) {
  const auto refuse_file = [&](const std::string& why) {
    throw UsageError(path + ": cannot read the recipe: " + why);
  };
  if (author == Author::kCheckpoint) {
    if (const auto why = reason_against(path)) refuse_file(*why);
  }
  if (fs::is_directory(path)) refuse_file("it is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) refuse_file(std::strerror(errno));
  std::string text(kMostBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMostBytes) refuse_file("it has more than 1 MiB, which no recipe has");
  return text;
}

std::string included_path(const std::string& path, const toml::node& include) {
  if (!include.is_string()) refuse(include, "include", StringKind{});
  const std::string other = text_from(include, "include", Names::kPath);
  const fs::path joined = fs::path(path).parent_path() / other;
  // Shorter, where that is the same file: behind a link to a folder, ".." leads elsewhere.
  const fs::path shorter = joined.lexically_normal();
  std::error_code error;
  return (fs::equivalent(joined, shorter, error) ? shorter : joined).string();
}

/// The path without links; the path itself for a pipe that has none, as "<(…)" of a shell.
std::string real_path(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? path : real.string();
}

/// Whether a recipe is a checkpoint's: it, or the file that it is a link to, lies beside a
/// trainer.json.
bool is_of_checkpoint(const std::string& path) {
  std::error_code error;
  return std::ranges::any_of(std::array{fs::path(path), fs::path(real_path(path))},
                             [&](const fs::path& each) {
                               return fs::exists(each.parent_path() / kCheckpointMark, error);
                             });
}

/// Why the recipe at `path` cannot include `other`. `chain`: the files being read.
std::optional<std::string> reason_against_include(const std::string& path, Author author,
                                                  const std::string& other,
                                                  const std::vector<std::string>& chain) {
  if (auto why = reason_against(other)) return why;
  const std::string real = real_path(other);
  const fs::path folder = fs::path(real_path(path)).parent_path();
  if (author == Author::kCheckpoint && fs::path(real).parent_path() != folder) {
    return "a checkpoint's recipe includes files of its own folder alone; include the file in a "
           "recipe of your own, which lies elsewhere";
  }
  if (std::ranges::find(chain, real) != chain.end()) return "the file includes itself";
  return std::nullopt;
}

// `chain`: the files being read, outermost first. `author`: whose recipe includes this one.
void read_file(const std::string& path, Author author, std::vector<std::string>& chain,
               Options& options, WrittenKeys& written) {
  if (is_of_checkpoint(path)) author = Author::kCheckpoint;
  const std::string text = read_text(path, author);
  chain.push_back(real_path(path));
  const toml::table top = parse(text, path);
  if (const toml::node* include = top.get("include")) {
    const std::string other = included_path(path, *include);
    if (const auto why = reason_against_include(path, author, other, chain)) {
      fail(*include, "include = " + toml_string(other) + ": " + *why);
    }
    if (chain.size() > kMaxIncludeDepth) {
      fail(*include, "includes nest deeper than " + std::to_string(kMaxIncludeDepth));
    }
    read_file(other, author, chain, options, written);
  }
  read_top(top, author, options, written);
  written.end_layer(options);
  chain.pop_back();
}

}  // namespace

void read_recipe(const std::string& path, Options& options, WrittenKeys& written) {
  std::vector<std::string> chain;
  read_file(path, Author::kUser, chain, options, written);
}

bool is_utf8(std::string_view text) try {
  (void)toml::parse("text = " + toml_string(text));
  return true;
} catch (const toml::parse_error&) {
  return false;
}

std::vector<StageOptions> read_stages(std::string_view text) {
  const toml::table top = parse_value(text, StagesKind{}, &toml::node::is_array);
  return stages_from(*top.get("value"), "stages");
}

std::vector<DatasetOptions> read_datasets(std::string_view text) {
  const toml::table top = parse_value(text, DatasetsKind{}, &toml::node::is_array);
  return datasets_from(*top.get("value"), "datasets");
}

SettingTable read_settings(std::string_view text) {
  const toml::table top = parse_value(text, SettingsKind{}, &toml::node::is_table);
  return settings_from(*top.get("value"), "settings");
}

Setting read_setting(const std::string& text) {
  if (too_deep(text)) return text;
  try {
    const toml::table top = toml::parse("setting = " + text);
    if (top.size() == 1) return setting_from(*top.get("setting"), "the setting");
  } catch (const toml::parse_error&) {
    // A text without quotes.
  }
  return text;
}

}  // namespace millrace::config
