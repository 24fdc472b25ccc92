// The table of contents of all objectives.
#pragma once

#include <memory>

#include "config/options.h"
#include "proto/meta.h"
#include "trainer/objective.h"

namespace millrace::trainer {

/// The objective that train.objective names, on this stream; where the stream has a prefix, on the target behind it. Throws
/// UsageError for an unknown name, listing the known ones; for a stream that does not fit, naming the fields that are missing;
/// and for a network that would see the answer.
[[nodiscard]] std::unique_ptr<Objective> make_objective(const config::Options& options, const proto::StreamMeta& meta);

}  // namespace millrace::trainer
