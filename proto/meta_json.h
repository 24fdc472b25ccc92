// A stream's meta as JSON: the form in which queue folders, checkpoints and `inspect --json` hold
// it.
#pragma once

#include <string>
#include <string_view>

#include "proto/meta.h"

namespace millrace::proto {

/// Indented JSON; names as in stream.proto, 64-bit numbers as strings (protobuf's JSON mapping).
[[nodiscard]] std::string to_json(const StreamMeta& meta);

/// Throws std::runtime_error if the text is not the meta of a stream, or its fingerprint is not the
/// one of its facts.
[[nodiscard]] StreamMeta meta_from_json(std::string_view json);

}  // namespace millrace::proto
