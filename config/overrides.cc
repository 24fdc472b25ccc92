// The text of an override as a value of its key.
#include "config/overrides.h"

#include <optional>

#include "base/text.h"
#include "config/errors.h"
#include "config/home.h"
#include "config/keys.h"
#include "config/read_toml.h"
#include "config/settings.h"

namespace millrace::config {
namespace {

template <class Number>
std::optional<Value> number(const std::string& text) {
  const std::optional<Number> value = base::parse_number<Number>(text);
  return value ? std::optional<Value>(*value) : std::nullopt;
}

void check_utf8(const std::string& text) {
  if (!is_utf8(text)) throw UsageError("expected UTF-8, as recipes are written in");
}

std::optional<Value> typed(const Kind& kind, const std::string& text) {
  if (const auto* const of_text = std::get_if<StringKind>(&kind)) {
    check_utf8(text);
    return Value(expand_home(text, of_text->names));
  }
  if (std::holds_alternative<StagesKind>(kind)) return Value(read_stages(text));
  if (std::holds_alternative<DatasetsKind>(kind)) return Value(read_datasets(text));
  if (std::holds_alternative<SettingsKind>(kind)) return Value(read_settings(text));
  if (std::holds_alternative<IntKind>(kind)) return number<std::uint64_t>(text);
  if (std::holds_alternative<FloatKind>(kind)) return number<double>(text);
  if (text == "true" || text == "false") return Value(text == "true");
  return std::nullopt;
}

Value checked(const Kind& kind, const std::string& text) {
  std::optional<Value> value = typed(kind, text);
  if (!value || !allows(kind, *value)) throw UsageError("expected " + expectation(kind));
  return std::move(*value);
}

Value one_setting(const std::string& name, const std::string& text) {
  check_utf8(text);
  const Setting setting = read_setting(text);
  if (const auto error = validation_error(name, setting)) throw UsageError(*error);
  return Value(SettingTable{{name, setting}});
}

}  // namespace

void apply(const Override& override, Options& options, WrittenKeys& written) {
  try {
    const std::string setting = setting_name(override.key);
    const Key& key = resolve_key(setting.empty() ? override.key : "provider.settings");
    Value value =
        setting.empty() ? checked(key.kind, override.value) : one_setting(setting, override.value);
    written.set(key, options, std::move(value));
  } catch (const UsageError& error) {
    throw UsageError("--" + override.key + "=" + override.value + ": " + error.what());
  }
}

}  // namespace millrace::config
