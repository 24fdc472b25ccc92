// The cascade's objective: any objective on the target behind a clean prefix.
#pragma once

#include <memory>

#include "trainer/objectives/objective.h"

namespace millrace::trainer {

/// `inner` on the stream's input and target, which have no prefix in them, with a network that sees
/// the prefix in front. The loss and its weight are the target's alone. Needs a prefix, and what
/// `inner` needs.
[[nodiscard]] std::unique_ptr<Objective> make_cascade(std::unique_ptr<Objective> inner);

}  // namespace millrace::trainer
