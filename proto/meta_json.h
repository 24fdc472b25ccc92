// A stream's meta as JSON, as queue folders and checkpoints hold it and `inspect --json` prints it.
#pragma once

#include <string>
#include <string_view>

#include "proto/meta.h"

namespace millrace::proto {

/// Indented JSON; names as in stream.proto, 64-bit numbers as strings (protobuf's JSON mapping).
[[nodiscard]] std::string to_json(const StreamMeta& meta);

/// Throws std::runtime_error where the text is not the meta of a stream, or its fingerprint is not
/// fingerprint_of() it.
[[nodiscard]] StreamMeta meta_from_json(std::string_view json);

}  // namespace millrace::proto
