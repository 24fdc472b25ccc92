// The flags of `sample` that are real numbers, and those of its sampler editing. Free of LibTorch.
#pragma once

#include <optional>
#include <string>

#include "config/app/command_line.h"
#include "trainer/sampling/editing.h"

namespace millrace::trainer {

struct RealRange {
  double least, most;
  const char* words;  ///< "from 0 to 1"
};

/// Unset where the flag is not given; throws UsageError naming it where its value is no number of
/// the range.
[[nodiscard]] std::optional<double> real_flag(const config::Arguments& arguments,
                                              const std::string& flag, const RealRange& range);

/// The program with the flags of editing behind its own.
[[nodiscard]] config::Program with_edit_flags(config::Program program);

/// Throws UsageError for a value out of range, and for any of them with another --sampler.
[[nodiscard]] EditPlan read_edit_plan(const config::Arguments& arguments);

}  // namespace millrace::trainer
