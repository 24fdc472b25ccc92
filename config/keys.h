// The key table: every key of a recipe, with its type, range or choices, what it shapes, its
// description, and its member in Options.
//
// Reading, overriding, writing, comparing and documenting recipes all use this one table. A new key
// is a member in config/options.h and a line in keys.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/options.h"
#include "config/recipe.h"

namespace millrace::config {

/// A key's value; monostate: unset (data.path only).
using Value = std::variant<std::monostate, bool, std::uint64_t, double, std::string,
                           std::vector<StageOptions>, SettingTable, std::vector<WeightPoint>,
                           std::vector<DatasetOptions>>;

/// Most steps of a run: times the largest global batch, they still fit 64 bits.
inline constexpr std::uint64_t kMaxSteps = 1'000'000'000'000;

struct BoolKind {};
struct IntKind {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};
struct FloatKind {
  double least = 0;
  double most = 0;
  bool above = false;  ///< `least` itself is not allowed
  bool below = false;  ///< `most` itself is not allowed
};
/// What a text names. Of a path, and of a uri's path, a leading "~/" stands for the home folder.
enum class Names { kNothing, kPath, kUri };
struct StringKind {
  std::vector<std::string_view> choices;  ///< empty: any text
  bool may_be_empty = false;
  Names names = Names::kNothing;
};
struct StagesKind {};
struct SettingsKind {};
struct WeightsKind {};  ///< weights of a dataset: one number, or points [sample, weight]
struct DatasetsKind {};
using Kind = std::variant<BoolKind, IntKind, FloatKind, StringKind, StagesKind, SettingsKind,
                          WeightsKind, DatasetsKind>;

/// When a key has an effect.
struct Condition {
  bool (*holds)(const Options&);
  std::string_view is_for;                   ///< what the key is for, in messages
  std::vector<std::string_view> decided_by;  ///< the keys that decide, by full name
};

struct Key {
  std::string_view section;
  std::string_view name;
  Kind kind;
  Shapes shapes;
  Value (*get)(const Options&);
  void (*set)(Options&, const Value&);  ///< the value must have the kind's type and be allowed
  std::string_view about;               ///< one line
  std::vector<Condition> conditions;  ///< all must hold, broad ones first; none: it always applies
  /// For keys that shape the stream: whether the key is one of the stream's settings. It is where
  /// the key applies; some keys are left out where they have their default, which their streams had
  /// before the key was there. nullptr: never, because the meta holds it in a field of its own.
  bool (*counts)(const Options&) = nullptr;

  [[nodiscard]] std::string full_name() const;
  /// The first condition that does not hold in this recipe; nullptr: the key has an effect.
  [[nodiscard]] const Condition* broken_condition(const Options& options) const;
  [[nodiscard]] bool applies(const Options& options) const {
    return broken_condition(options) == nullptr;
  }
};

/// All keys by section, in the order in which they are written and documented.
[[nodiscard]] std::span<const Key> keys();

/// The key "section.key", or nullptr.
[[nodiscard]] const Key* find_key(std::string_view full_name);

/// The key "section.key", or by its last part if that is unique. Throws UsageError with the nearest
/// known name, or with the keys to choose from.
[[nodiscard]] const Key& resolve_key(std::string_view name);

/// Describes the values of this kind: "a whole number from 1 to 65536".
[[nodiscard]] std::string expectation(const Kind& kind);

/// Whether the value is in the kind's range or among its choices. Throws std::bad_variant_access
/// for a value of another type.
[[nodiscard]] bool allows(const Kind& kind, const Value& value);

/// The value of a key that is set to `earlier` and then to `later`: tables are merged name by name,
/// anything else is replaced.
[[nodiscard]] Value merged(const Value& earlier, Value later);

/// A hint for an unknown key: keys with the same last part in other sections, else the nearest
/// name, as "; did you mean 'train.batch_size'?". Empty if no name is near.
[[nodiscard]] std::string key_hint(std::string_view name);

}  // namespace millrace::config
