#include "config/stages.h"

#include <algorithm>

namespace millrace::config {
namespace {

using S = StageOptions;
using Given = std::optional<std::uint64_t> S::*;
constexpr FloatKind kShare{0, 1};

std::vector<StageType> make_stage_types() {
  return {
      {"random",
       {{"max_masked_ratio", &S::max_masked_ratio, kShare,
         "each sample selects a share drawn from 0 to this"}}},
      {"sticky",
       {{"target_masked_ratio", &S::target_masked_ratio, kShare,
         "the share of positions that is selected, rounded up"},
        {"p1_probability", &S::p1_probability, kShare,
         "weight of a position without a selected neighbour"},
        {"p2_probability", &S::p2_probability, kShare, "weight of a position with one"}}},
      {"span",
       {{"spans_count", &S::spans_count, IntKind{1, 65536}, "intervals that are masked whole"}}},
  };
}

}  // namespace

Value StageKey::get(const StageOptions& stage) const {
  if (const auto* real = std::get_if<double S::*>(&member)) return Value(stage.**real);
  if (const auto* whole = std::get_if<std::uint32_t S::*>(&member)) {
    return Value(std::uint64_t{stage.**whole});
  }
  const std::optional<std::uint64_t>& given = stage.*std::get<Given>(member);
  return given ? Value(*given) : Value();
}

void StageKey::set(StageOptions& stage, const Value& value) const {
  if (const auto* real = std::get_if<double S::*>(&member)) {
    stage.*(*real) = std::get<double>(value);
  } else if (const auto* whole = std::get_if<std::uint32_t S::*>(&member)) {
    stage.*(*whole) = static_cast<std::uint32_t>(std::get<std::uint64_t>(value));
  } else {
    stage.*std::get<Given>(member) = std::get<std::uint64_t>(value);
  }
}

std::span<const StageType> stage_types() {
  static const std::vector<StageType> table = make_stage_types();
  return table;
}

const StageType* find_stage_type(std::string_view name) {
  const auto found = std::ranges::find(stage_types(), name, &StageType::name);
  return found == stage_types().end() ? nullptr : &*found;
}

std::string stage_type_names() {
  std::string names;
  for (const StageType& type : stage_types()) {
    names += (names.empty() ? "" : ", ") + std::string(type.name);
  }
  return names;
}

std::span<const StageKey> schedule_keys() {
  static const std::vector<StageKey> table = {
      {"from_step", &S::from_step, IntKind{0, kMaxSteps},
       "steps: the stage holds once so many steps are done"},
      {"val_loss_stale_count", &S::val_loss_stale_count, IntKind{1, 1'000'000},
       "plateau: evaluations without improvement before moving on"},
  };
  return table;
}

}  // namespace millrace::config
