// The own flags of the sampler `editing`. Free of LibTorch.
#pragma once

#include <vector>

#include "config/app/command_line.h"
#include "trainer/sampling/editing.h"

namespace millrace::trainer {

[[nodiscard]] std::vector<config::Flag> edit_flags();

/// The plan that these flags make, with EditPlan's defaults for those that were not given.
[[nodiscard]] EditPlan read_edit_plan(const config::Arguments& arguments);

}  // namespace millrace::trainer
