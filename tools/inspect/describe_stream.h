// A stream's meta, as text for people or as JSON for programs.
#pragma once

#include <ostream>
#include <string>

#include "proto/meta.h"

namespace millrace::tools {

/// A few indented lines: provider, dataset, sizes, schema, settings.
void describe(std::ostream& out, const proto::StreamMeta& meta);

/// One field as "x: input, u8 [128]".
[[nodiscard]] std::string describe(const proto::Field& field);

/// The meta as JSON on one line.
[[nodiscard]] std::string to_json_line(const proto::StreamMeta& meta);

}  // namespace millrace::tools
