// The stage types that have keys of their own in recipes, and the range of each key.
//
// The table of all types, with the code that masks, is in providers/masking/stage_types.h, which
// config may not include. A type that is not listed here takes its numbers in a table `settings`,
// whose meaning only its code knows (docs/how-to/add_a_masking_stage.md).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/keys.h"
#include "config/options.h"

namespace millrace::config {

/// Stages of a schedule: a stage's number is one byte on the wire.
inline constexpr std::size_t kMaxStages = 255;

/// One number of a stage.
struct StageKey {
  std::string_view name;
  std::variant<double StageOptions::*, std::uint32_t StageOptions::*,
               std::optional<std::uint64_t> StageOptions::*>
      member;
  Kind kind;
  std::string_view about;

  /// monostate: not set.
  [[nodiscard]] Value get(const StageOptions& stage) const;
  void set(StageOptions& stage, const Value& value) const;
};

struct KeyedStageType {
  std::string_view name;
  std::vector<StageKey> keys;  ///< all are required
};

[[nodiscard]] std::span<const KeyedStageType> keyed_stage_types();
/// nullptr for a type that is not listed.
[[nodiscard]] const KeyedStageType* find_keyed_stage_type(std::string_view name);
/// "random, sticky, span"
[[nodiscard]] std::string keyed_stage_type_names();
/// For stages made in C++: throws UsageError for a number outside its key's range. A recipe's
/// numbers are checked where they are read, with file and line.
void check_keys(const StageOptions& stage);
/// The keys that say when a schedule changes to the next stage: from_step and
/// val_loss_stale_count. Any type may have them. They change no sample, so they are not part of the
/// stream's settings.
[[nodiscard]] std::span<const StageKey> schedule_keys();

/// The table of an unlisted type's numbers.
inline constexpr std::string_view kStageSettings = "settings";

}  // namespace millrace::config
