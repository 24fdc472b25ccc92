// The masking of streams without stages: each position is selected independently, with the
// probability provider.mask_probability.
#pragma once

#include <memory>

#include "providers/masking/masking.h"

namespace millrace::providers {

/// mask_probability is in [0, 1].
[[nodiscard]] std::unique_ptr<const Masking> make_default_masking(double mask_probability);

}  // namespace millrace::providers
