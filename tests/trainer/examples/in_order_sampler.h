// The example of docs/how-to/add_a_sampler.md.
#pragma once

#include "trainer/sampling/samplers.h"

namespace millrace::trainer {

struct InOrderSettings {
  bool backwards = false;  ///< from right to left
};

[[nodiscard]] SamplerEntry in_order_entry();

}  // namespace millrace::trainer
