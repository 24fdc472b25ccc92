// The example of docs/how-to/add_a_provider.md.
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Arithmetic progressions of digits, of which one is masked.
[[nodiscard]] std::unique_ptr<DataProvider> make_progressions(const config::Options& options);

}  // namespace millrace::providers
