// The text of --help-keys, from the key table.
#include "config/dataset_keys.h"
#include "config/keys.h"
#include "config/recipe.h"
#include "config/stages.h"
#include "config/value_text.h"

namespace millrace::config {
namespace {

std::string default_of(const Key& key) {
  static const Options kDefaults;
  return to_toml(key.get(kDefaults));
}

std::string line(const Key& key) {
  return key.full_name() + " = " + default_of(key) + ": " + std::string(key.about) + " (" +
         expectation(key.kind) + "; " + std::string(to_string(key.shapes)) + ")\n";
}

std::string line(std::string_view type, const StageKey& key) {
  return std::string(type) + " " + std::string(key.name) + ": " + std::string(key.about) + " (" +
         expectation(key.kind) + ")\n";
}

std::string line(const DatasetKey& key) {
  static const DatasetOptions kDefaults;
  const std::string default_value = key.required ? "" : " = " + to_toml(key.get(kDefaults));
  return "dataset " + std::string(key.name) + default_value + ": " + std::string(key.about) + " (" +
         expectation(key.kind) + ")\n";
}

}  // namespace

std::string key_reference() {
  std::string text;
  for (const Key& key : keys()) text += line(key);
  text +=
      "\nThe keys of a stage, by its type; all are required, except those of any type, which "
      "belong to schedules:\n";
  for (const KeyedStageType& type : keyed_stage_types()) {
    for (const StageKey& key : type.keys) text += line(type.name, key);
  }
  for (const StageKey& key : schedule_keys()) text += line("any", key);
  text += "other " + std::string(kStageSettings) +
          ": the numbers of a type that is not listed here (" + expectation(SettingsKind{}) + ")\n";
  text += "\nThe keys of a dataset in data.datasets; name and path are required:\n";
  for (const DatasetKey& key : dataset_keys()) text += line(key);
  return text;
}

}  // namespace millrace::config
