// train.objective = "cascade": SEDD on a target behind a clean prefix; and any other objective
// behind one.
#pragma once

#include <memory>

#include "trainer/objectives/objective.h"
#include "trainer/objectives/objectives.h"

namespace millrace::trainer {

/// `inner` on the stream's input and target, with a network that sees the stream's prefix in front
/// of the input. Loss and weight are the target's alone. Needs a prefix, and the fields that
/// `inner` needs.
[[nodiscard]] std::unique_ptr<Objective> make_cascade(std::unique_ptr<Objective> inner);

/// SEDD on a stream with a [MASK]; make_objective puts it behind the prefix where there is one.
[[nodiscard]] ObjectiveEntry cascade_objective();

}  // namespace millrace::trainer
