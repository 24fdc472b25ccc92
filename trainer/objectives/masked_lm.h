// The masked language model objective: cross-entropy of the original tokens at the positions that
// were selected.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/objectives/objective.h"

namespace millrace::trainer {

/// Needs fields with the roles input and target, of one shape [L].
[[nodiscard]] std::unique_ptr<Objective> make_masked_lm(std::int64_t ignore_index);

}  // namespace millrace::trainer
