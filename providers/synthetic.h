// Samples that need no dataset, drawn from Philox by their index.
//
//   x   input   [block_size]   symbols
//   y   target  [block_size]   source markov: the symbol after each of x; source random: symbols of their own
//
// source markov: blocks of a source whose entropy is known in closed form
// (providers/markov/markov_process.h), each independent of the others. source random: uniform
// symbols, to measure everything behind a provider with batches of any shape. (To train a provider
// of windows on the Markov source, use data.format = "markov".) docs/reference/synthetic.md defines
// every byte.
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Throws config::UsageError for a source that does not exist or cannot be.
[[nodiscard]] std::unique_ptr<DataProvider> make_synthetic(const config::Options& options);

}  // namespace millrace::providers
