// Provider cascade: samples of one stage of the cascade, from scored token shards. The stage's
// tokens of a chunk are noised; the previous stage's tokens come before them, clean.
//
//   prefix  prefix  [length of the previous stage]  its tokens, in text order; absent for stage 1
//   x       input   [length of the stage]           x_t: the stage's tokens with the noise of time
//                                                   t; [MASK] is the last id
//   y       target  [length of the stage]           x_0: the stage's tokens, at every position
//   t       time    []                              the time of x
//
// docs/explanation/cascade.md defines every byte; annotation/ writes the shards.
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Opens options.data.shards. Throws config::UsageError if the shards were made for another recipe
/// (tokenizer, selection, stage-3 length; with both values), std::runtime_error for shards that are
/// missing, damaged or of different origin, and if no chunk fills the stages.
[[nodiscard]] std::unique_ptr<DataProvider> make_cascade(const config::Options& options);

}  // namespace millrace::providers
