// Provider synthetic: generated samples that need no dataset, drawn from Philox by their index.
//
//   x   input   [block_size]   symbols
//   y   target  [block_size]   source markov: the next symbol of each; source random: other symbols
//
// source markov: independent blocks of a source whose entropy is known in closed form
// (providers/markov/markov_process.h). source random: uniform symbols, to measure everything behind
// a provider with batches of any shape. (data.format = "markov" trains providers of windows on the
// Markov source.) docs/reference/synthetic.md defines every byte.
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Throws config::UsageError for source_symbols or source_order that the Markov source does not
/// allow, and for a schedule of stages.
[[nodiscard]] std::unique_ptr<DataProvider> make_synthetic(const config::Options& options);

}  // namespace millrace::providers
