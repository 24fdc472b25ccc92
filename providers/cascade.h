// Prefix and target of one stage of the cascade, from scored token shards: the stage's tokens of a
// chunk are noised, those of the stage before stand before them, clean.
//
//   prefix  prefix  [length of the stage before]   its tokens, in text order; absent for stage 1
//   x       input   [length of the stage]          x_t: the stage's tokens after the noise of time t; [MASK] is the last id
//   y       target  [length of the stage]          x_0: the stage's tokens, at every position
//   t       time    []                             the time of x
//
// docs/explanation/cascade.md defines every byte; annotation/ makes the shards.
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Opens options.data.shards. Throws config::UsageError for a recipe that the shards were not made
/// for (tokenizer, selection, stage-3 length: both values), std::runtime_error for shards that are
/// missing, damaged or of different origin, or of which no chunk fills the stages.
[[nodiscard]] std::unique_ptr<DataProvider> make_cascade(const config::Options& options);

}  // namespace millrace::providers
