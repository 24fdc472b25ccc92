// The example of docs/how-to/add_a_sampler.md.
#pragma once

#include "trainer/sampling/samplers.h"

namespace millrace::trainer {

[[nodiscard]] SamplerEntry in_order_entry();

}  // namespace millrace::trainer
