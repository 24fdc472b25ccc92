// Stage type span: spans_count intervals with random ends, all of their positions [MASK].
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/masking/masking.h"

namespace millrace::providers {

[[nodiscard]] std::unique_ptr<const Masking> make_span_masking(const config::StageOptions& stage);

}  // namespace millrace::providers
