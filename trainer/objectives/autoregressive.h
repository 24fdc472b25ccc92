// The autoregressive baseline: the cross-entropy of each next token.
#pragma once

#include <memory>

#include "trainer/objectives/objective.h"

namespace millrace::trainer {

/// Needs input and target, which is the input one token further; a target that is ignore_index does
/// not count. The network must be causal: to one that sees the next token this is no likelihood.
[[nodiscard]] std::unique_ptr<Objective> make_autoregressive(std::int64_t ignore_index);

}  // namespace millrace::trainer
