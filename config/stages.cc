// The table of keyed stage types.
#include "config/stages.h"

#include <algorithm>

#include "base/text.h"
#include "config/errors.h"
#include "config/value_text.h"

namespace millrace::config {
namespace {

using S = StageOptions;
using OptionalMember = std::optional<std::uint64_t> S::*;
constexpr FloatKind kRatio{0, 1};

std::vector<KeyedStageType> make_keyed_stage_types() {
  return {
      {"random",
       {{"max_masked_ratio", &S::max_masked_ratio, kRatio,
         "largest selected ratio; each sample draws its own, uniformly from 0 to this"}}},
      {"sticky",
       {{"target_masked_ratio", &S::target_masked_ratio, kRatio,
         "ratio of positions to select; their number is rounded up"},
        {"p1_probability", &S::p1_probability, kRatio,
         "probability weight of a position without a selected neighbour"},
        {"p2_probability", &S::p2_probability, kRatio,
         "probability weight of a position with a selected neighbour"}}},
      {"span",
       {{"spans_count", &S::spans_count, IntKind{1, 65536},
         "number of intervals, each masked completely"}}},
  };
}

}  // namespace

Value StageKey::get(const StageOptions& stage) const {
  if (const auto* float_member = std::get_if<double S::*>(&member)) {
    return Value(stage.**float_member);
  }
  if (const auto* int_member = std::get_if<std::uint32_t S::*>(&member)) {
    return Value(std::uint64_t{stage.**int_member});
  }
  const std::optional<std::uint64_t>& number = stage.*std::get<OptionalMember>(member);
  return number ? Value(*number) : Value();
}

void StageKey::set(StageOptions& stage, const Value& value) const {
  if (const auto* float_member = std::get_if<double S::*>(&member)) {
    stage.*(*float_member) = std::get<double>(value);
  } else if (const auto* int_member = std::get_if<std::uint32_t S::*>(&member)) {
    stage.*(*int_member) = static_cast<std::uint32_t>(std::get<std::uint64_t>(value));
  } else {
    stage.*std::get<OptionalMember>(member) = std::get<std::uint64_t>(value);
  }
}

std::span<const KeyedStageType> keyed_stage_types() {
  static const std::vector<KeyedStageType> table = make_keyed_stage_types();
  return table;
}

const KeyedStageType* find_keyed_stage_type(std::string_view name) {
  const auto found = std::ranges::find(keyed_stage_types(), name, &KeyedStageType::name);
  return found == keyed_stage_types().end() ? nullptr : &*found;
}

std::string keyed_stage_type_names() {
  return base::joined(keyed_stage_types(), ", ", &KeyedStageType::name);
}

void check_keys(const StageOptions& stage) {
  const KeyedStageType* type = find_keyed_stage_type(stage.type);
  if (type == nullptr) return;
  for (const StageKey& key : type->keys) {
    const Value value = key.get(stage);
    if (allows(key.kind, value)) continue;
    throw UsageError("stage of type " + stage.type + ": " + std::string(key.name) + " = " +
                     to_toml(value) + ": expected " + expectation(key.kind));
  }
}

std::span<const StageKey> schedule_keys() {
  static const std::vector<StageKey> table = {
      {"from_step", &S::from_step, IntKind{0, kMaxSteps},
       "schedule steps: the stage begins after this many completed steps"},
      {"val_loss_stale_count", &S::val_loss_stale_count, IntKind{1, 1'000'000},
       "schedule plateau: evaluations without improvement before the next stage begins"},
  };
  return table;
}

}  // namespace millrace::config
