// The types of stages, and the keys that each of them has.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/keys.h"
#include "config/options.h"

namespace millrace::config {

/// A number of a stage.
struct StageKey {
  std::string_view name;
  std::variant<double StageOptions::*, std::uint32_t StageOptions::*,
               std::optional<std::uint64_t> StageOptions::*>
      member;
  Kind kind;
  std::string_view about;

  /// monostate: not given.
  [[nodiscard]] Value get(const StageOptions& stage) const;
  void set(StageOptions& stage, const Value& value) const;
};

struct StageType {
  std::string_view name;
  std::vector<StageKey> keys;  ///< how to mask; all are required
};

[[nodiscard]] std::span<const StageType> stage_types();
/// nullptr for an unknown name.
[[nodiscard]] const StageType* find_stage_type(std::string_view name);
/// "random, sticky, span"
[[nodiscard]] std::string stage_type_names();
/// When a schedule enters or leaves a stage: from_step and val_loss_stale_count. Every type may
/// have them, and they are no part of the stream's settings, since they change no sample.
[[nodiscard]] std::span<const StageKey> schedule_keys();

}  // namespace millrace::config
