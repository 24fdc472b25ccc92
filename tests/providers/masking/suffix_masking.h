// The example of docs/how-to/add_a_masking_stage.md.
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/masking/masking.h"

namespace millrace::providers {

[[nodiscard]] std::unique_ptr<const Masking> make_suffix_masking(const config::StageOptions& stage);

}  // namespace millrace::providers
