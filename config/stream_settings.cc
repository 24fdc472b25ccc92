#include "config/stream_settings.h"

#include "config/stages.h"
#include "config/value_text.h"

namespace millrace::config {
namespace {

std::string plain(const Value& value) {
  const auto* real = std::get_if<double>(&value);
  return real != nullptr ? shortest(*real) : to_toml(value);
}

std::string describe_all(const std::vector<StageOptions>& stages) {
  std::string text;
  for (const StageOptions& stage : stages) text += (text.empty() ? "" : ";") + describe(stage);
  return text;
}

}  // namespace

std::map<std::string, std::string> stream_settings(const Options& options) {
  const ProviderOptions& provider = options.provider;
  std::map<std::string, std::string> settings = {
      {"block_size", std::to_string(provider.block_size)},
      {"val_fraction", shortest(options.data.val_fraction)},
      {"partial_targets", provider.partial_targets ? "true" : "false"},
      {"schedule", provider.schedule},
  };
  const bool default_train = provider.schedule == "none";
  const bool default_val = provider.validation_stages.empty();
  if (default_train || default_val) settings["mask_probability"] = shortest(provider.mask_probability);
  if (!default_train) settings["stages"] = describe_all(provider.stages);
  if (!default_val) settings["validation_stages"] = describe_all(provider.validation_stages);
  return settings;
}

std::string describe(const StageOptions& stage) {
  std::string numbers;
  if (const StageType* type = find_stage_type(stage.type)) {
    for (const StageKey& key : type->keys) {
      numbers += (numbers.empty() ? "" : ",") + std::string(key.name) + "=" + plain(key.get(stage));
    }
  }
  return stage.type + "(" + numbers + ")";
}

}  // namespace millrace::config
