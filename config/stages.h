// The types of stages, and the keys that each of them has.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/keys.h"
#include "config/options.h"

namespace millrace::config {

/// A number of a stage. All keys of a type are required, but for val_loss_stale_count, which every type may have.
struct StageKey {
  std::string_view name;
  std::variant<double StageOptions::*, std::uint32_t StageOptions::*> member;
  Kind kind;
  bool shapes_stream = true;
  std::string_view about;

  [[nodiscard]] Value get(const StageOptions& stage) const;
  void set(StageOptions& stage, const Value& value) const;
};

struct StageType {
  std::string_view name;
  std::vector<StageKey> keys;
};

[[nodiscard]] std::span<const StageType> stage_types();
/// nullptr for an unknown name.
[[nodiscard]] const StageType* find_stage_type(std::string_view name);
/// "random, sticky, span"
[[nodiscard]] std::string stage_type_names();
/// val_loss_stale_count: says when to leave a stage, not how to mask.
[[nodiscard]] const StageKey& stale_count_key();

}  // namespace millrace::config
