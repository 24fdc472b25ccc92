// A stream's meta as text or JSON.
#pragma once

#include <ostream>
#include <string>

#include "proto/meta.h"

namespace millrace::tools {

/// Prints a few lines: provider, dataset, sizes, schema, stages.
void describe(std::ostream& out, const proto::StreamMeta& meta);

/// One field as "x: input, u8 [128]".
[[nodiscard]] std::string describe(const proto::Field& field);

/// The meta as JSON on one line.
[[nodiscard]] std::string to_json_line(const proto::StreamMeta& meta);

}  // namespace millrace::tools
