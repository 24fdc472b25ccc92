// The table of contents of all objectives.
#pragma once

#include <memory>
#include <string>

#include "proto/meta.h"
#include "trainer/objective.h"

namespace millrace::trainer {

/// The objective that train.objective names. Throws UsageError for an unknown name, listing the known ones.
[[nodiscard]] std::unique_ptr<Objective> make_objective(const std::string& name, const proto::StreamMeta& meta);

}  // namespace millrace::trainer
