// The example of docs/how-to/add_an_objective.md.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/objectives/objective.h"
#include "trainer/objectives/objectives.h"

namespace millrace::trainer {

/// Needs input and target, both [L]; a target of ignore_index does not count.
[[nodiscard]] std::unique_ptr<Objective> make_focal_lm(std::int64_t ignore_index);

[[nodiscard]] ObjectiveEntry focal_lm_objective();

}  // namespace millrace::trainer
