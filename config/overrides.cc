// The text of an override as a value of its key.
#include "config/overrides.h"

#include <charconv>
#include <optional>

#include "config/errors.h"
#include "config/keys.h"
#include "config/read_toml.h"
#include "config/settings.h"

namespace millrace::config {
namespace {

// The whole text as a number, without spaces or a rest; integers without a sign.
template <class Number>
std::optional<Number> number(const std::string& text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

template <class T>
std::optional<Value> as_value(const std::optional<T>& value) {
  return value ? std::optional<Value>(*value) : std::nullopt;
}

void check_utf8(const std::string& text) {
  if (!is_utf8(text)) throw UsageError("expected UTF-8, as recipes are written in");
}

std::optional<Value> typed(const Kind& kind, const std::string& text) {
  if (std::holds_alternative<StringKind>(kind)) {
    check_utf8(text);
    return Value(text);
  }
  if (std::holds_alternative<StagesKind>(kind)) return Value(read_stages(text));
  if (std::holds_alternative<DatasetsKind>(kind)) return Value(read_datasets(text));
  if (std::holds_alternative<SettingsKind>(kind)) return Value(read_settings(text));
  if (std::holds_alternative<IntKind>(kind)) return as_value(number<std::uint64_t>(text));
  if (std::holds_alternative<FloatKind>(kind)) return as_value(number<double>(text));
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

void apply(const Override& override, Options& options) {
  try {
    const std::string setting = setting_name(override.key);
    const Key& key = resolve_key(setting.empty() ? override.key : "provider.settings");
    Value value =
        setting.empty() ? checked(key.kind, override.value) : one_setting(setting, override.value);
    key.set(options, merged(key.get(options), std::move(value)));
  } catch (const UsageError& error) {
    throw UsageError("--" + override.key + "=" + override.value + ": " + error.what());
  }
}

}  // namespace millrace::config
