// The table of stage types: one line each.
#include "providers/masking/stage_types.h"

#include <algorithm>

#include "config/errors.h"
#include "proto/text.h"
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
  if (type != types.end()) return type->make(stage);
  throw config::UsageError("unknown stage type '" + stage.type + "'; the known ones are " +
                           proto::joined(types, ", ", &StageType::name));
}

}  // namespace millrace::providers
