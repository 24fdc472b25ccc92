// train.objective = "mlm": the masked language model, the cross-entropy of the original tokens at
// the selected positions.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/objectives/objective.h"
#include "trainer/objectives/objectives.h"

namespace millrace::trainer {

/// Needs input and target, both [L]; a target of ignore_index does not count.
[[nodiscard]] std::unique_ptr<Objective> make_masked_lm(std::int64_t ignore_index);

[[nodiscard]] ObjectiveEntry masked_lm_objective();

}  // namespace millrace::trainer
