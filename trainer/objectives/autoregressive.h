// train.objective = "ar": the autoregressive baseline, the cross-entropy of each next token.
#pragma once

#include <memory>

#include "trainer/objectives/objective.h"
#include "trainer/objectives/objectives.h"

namespace millrace::trainer {

/// Needs input and target; the target is the input shifted by one token, and a target of
/// ignore_index does not count. The network must be causal: with one that sees the next token this
/// is no likelihood.
[[nodiscard]] std::unique_ptr<Objective> make_autoregressive(std::int64_t ignore_index);

[[nodiscard]] ObjectiveEntry autoregressive_objective();

}  // namespace millrace::trainer
