// The key table: every key of a recipe, with its type, range and choices, what it shapes, and where
// it lies in Options.
//
// Reading, overriding, writing, comparing and documenting recipes all walk this one table. A new
// key is a member in config/options.h and a line in keys.cc.
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

/// A key's value; monostate: unset, which only data.path can be.
using Value = std::variant<std::monostate, bool, std::uint64_t, double, std::string,
                           std::vector<StageOptions>, SettingTable, std::vector<WeightPoint>,
                           std::vector<DatasetOptions>>;

/// Steps of a run; times the largest global batch they still fit 64 bits.
inline constexpr std::uint64_t kMaxSteps = 1'000'000'000'000;

struct BoolKind {};
struct IntKind {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};
struct FloatKind {
  double least = 0;
  double most = 0;
  bool above = false;  ///< `least` itself is out
  bool below = false;  ///< `most` itself is out
};
struct StringKind {
  std::vector<std::string_view> choices;  ///< empty: any text
  bool may_be_empty = false;
};
struct StagesKind {};
struct SettingsKind {};
struct WeightsKind {};  ///< of a dataset: one number, or points [sample, weight]
struct DatasetsKind {};
using Kind = std::variant<BoolKind, IntKind, FloatKind, StringKind, StagesKind, SettingsKind,
                          WeightsKind, DatasetsKind>;

struct Key {
  std::string_view section;
  std::string_view name;
  Kind kind;
  Shapes shapes;
  Value (*get)(const Options&);
  void (*set)(Options&, const Value&);  ///< the value must be of the kind and allowed
  std::string_view about;               ///< one line
  /// Of keys that shape the stream: whether this one changes a byte of this recipe's stream;
  /// nullptr: it is no setting, but a fact of its own of the stream's meta.
  bool (*counts)(const Options&) = nullptr;

  [[nodiscard]] std::string full_name() const;
};

/// All keys, sections together, in the order in which they are written and documented.
[[nodiscard]] std::span<const Key> keys();

/// The key "section.key", or nullptr.
[[nodiscard]] const Key* find_key(std::string_view full_name);

/// The key called "section.key", or by its last part where that is unique. Throws UsageError with
/// the nearest known name, or with the sections to choose from.
[[nodiscard]] const Key& resolve_key(std::string_view name);

/// What a value of this kind looks like: "a whole number from 1 to 65536".
[[nodiscard]] std::string expectation(const Kind& kind);

/// Whether the value's range and choices are met; a value of another type is a
/// std::bad_variant_access.
[[nodiscard]] bool allows(const Kind& kind, const Value& value);

/// What a key has once `later` is said after `earlier`: tables are merged name by name, all else is
/// replaced.
[[nodiscard]] Value merged(const Value& earlier, Value later);

/// An unknown key's nearest names: those of its section, or wherever its last part stands; a text
/// such as "; did you mean 'train.batch_size'?", or empty.
[[nodiscard]] std::string key_hint(std::string_view name);

}  // namespace millrace::config
