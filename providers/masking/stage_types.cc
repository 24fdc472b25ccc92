// The table of stage types: one line each.
#include "providers/masking/stage_types.h"

#include <algorithm>

#include "base/text.h"
#include "config/errors.h"
#include "config/stages.h"
#include "providers/masking/random_masking.h"
#include "providers/masking/span_masking.h"
#include "providers/masking/sticky_masking.h"

namespace millrace::providers {
namespace {

constexpr StageType kStageTypes[] = {
    {"random", make_random_masking},
    {"sticky", make_sticky_masking},
    {"span", make_span_masking},
};

}  // namespace

std::span<const StageType> stage_types() { return kStageTypes; }

std::unique_ptr<const Masking> make_masking(const config::StageOptions& stage,
                                            std::span<const StageType> types) {
  const auto type = std::ranges::find(types, stage.type, &StageType::name);
  if (type == types.end()) {
    throw config::UsageError("unknown stage type '" + stage.type + "'; the known ones are " +
                             base::joined(types, ", ", &StageType::name));
  }
  config::check_keys(stage);
  return type->make(stage);
}

}  // namespace millrace::providers
