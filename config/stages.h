// The types of stages that recipes name, and the numbers that each of them has.
//
// config may not include providers, so what a recipe must say about a type stands here; the code
// that masks is in providers/masking/. A type that is not listed here takes its numbers in a table
// `settings`, whose meaning only its code knows (docs/how-to/add_a_masking_stage.md).
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

struct StageType {
  std::string_view name;
  std::vector<StageKey> keys;  ///< all are required
};

[[nodiscard]] std::span<const StageType> stage_types();
/// nullptr for a type that is not listed.
[[nodiscard]] const StageType* find_stage_type(std::string_view name);
/// "random, sticky, span"
[[nodiscard]] std::string stage_type_names();
/// The keys that say when a schedule changes to the next stage: from_step and
/// val_loss_stale_count. Any type may have them. They change no sample, so they are not part of the
/// stream's settings.
[[nodiscard]] std::span<const StageKey> schedule_keys();

/// The table of an unlisted type's numbers.
inline constexpr std::string_view kStageSettings = "settings";

}  // namespace millrace::config
