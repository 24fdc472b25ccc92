// The canonical text of the settings that count.
#include "config/stream_settings.h"

#include "base/text.h"
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
  return base::joined(stages, ";", [](const StageOptions& stage) { return describe(stage); });
}

std::string describe_weights(const DataOptions& data) {
  return base::joined(selected_datasets(data), ";",
                      [](const DatasetOptions& dataset) { return describe(dataset.weights); });
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
  const auto of_key = [&](const StageKey& key) {
    return std::string(key.name) + "=" + plain(key.get(stage));
  };
  const auto of_setting = [](const auto& setting) {
    return setting.first + "=" + to_toml(setting.second);
  };
  const KeyedStageType* type = find_keyed_stage_type(stage.type);
  return stage.type + "(" +
         (type != nullptr ? base::joined(type->keys, ",", of_key)
                          : base::joined(stage.settings, ",", of_setting)) +
         ")";
}

}  // namespace millrace::config
