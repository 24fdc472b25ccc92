// Whether a stream has what an objective needs.
#pragma once

#include <string>
#include <vector>

#include "proto/meta.h"

namespace millrace::trainer {

struct NeededField {
  proto::Role role = proto::Role::kInput;
  proto::LogicalType type = proto::LogicalType::kI64;
};

/// Who needs what, for the error's sentence.
struct Needs {
  std::string objective;  ///< its name in recipes
  std::vector<NeededField> fields;
  std::string providers;  ///< whose streams have them: "sedd", or "sedd or masked"
};

/// Throws UsageError naming every field that is missing or of another type, and where to find it.
void require_fields(const Needs& needs, const proto::StreamMeta& meta);
/// Throws UsageError where the stream has no mask; its id otherwise.
[[nodiscard]] std::int64_t require_mask(const Needs& needs, const proto::StreamMeta& meta);

}  // namespace millrace::trainer
