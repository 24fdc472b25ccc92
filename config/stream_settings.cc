// The canonical text of the settings that count.
#include "config/stream_settings.h"

#include "config/dataset_keys.h"
#include "config/keys.h"
#include "config/stages.h"
#include "config/stream_keys.h"
#include "config/value_text.h"

namespace millrace::config {
namespace {

std::string plain(const Value& value) {
  const auto* number = std::get_if<double>(&value);
  return number != nullptr ? shortest(*number) : to_toml(value);
}

std::string describe_all(const std::vector<StageOptions>& stages) {
  std::string text;
  for (const StageOptions& stage : stages) text += (text.empty() ? "" : ";") + describe(stage);
  return text;
}

std::string describe_weights(const DataOptions& data) {
  std::string text;
  for (const DatasetOptions& dataset : selected_datasets(data)) {
    text += (text.empty() ? "" : ";") + describe(dataset.weights);
  }
  return text;
}

std::string text_of(const Key& key, const Options& options) {
  const Value value = key.get(options);
  if (std::holds_alternative<DatasetsKind>(key.kind)) return describe_weights(options.data);
  if (const auto* stages = std::get_if<std::vector<StageOptions>>(&value)) {
    return describe_all(*stages);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return *text;
  }
  return plain(value);
}

}  // namespace

std::map<std::string, std::string> stream_settings(const Options& options) {
  std::map<std::string, std::string> settings;
  for (const Key& key : keys()) {
    if (key.counts == nullptr || !key.counts(options) ||
        std::holds_alternative<SettingsKind>(key.kind)) {
      continue;
    }
    settings[std::string(key.name)] = text_of(key, options);
  }
  if (settings_count(options)) {
    for (const auto& [name, setting] : options.provider.settings) settings[name] = to_toml(setting);
  }
  return settings;
}

std::string describe(const StageOptions& stage) {
  std::string numbers;
  const auto add = [&](std::string_view name, const std::string& value) {
    numbers += (numbers.empty() ? "" : ",") + std::string(name) + "=" + value;
  };
  if (const StageType* type = find_stage_type(stage.type)) {
    for (const StageKey& key : type->keys) add(key.name, plain(key.get(stage)));
  } else {
    for (const auto& [name, setting] : stage.settings) add(name, to_toml(setting));
  }
  return stage.type + "(" + numbers + ")";
}

}  // namespace millrace::config
