// Names of splits.
#include "proto/types.h"

namespace millrace::proto {

std::string_view to_string(Split split) {
  switch (split) {
    case Split::kTrain: return "train";
    case Split::kVal: return "val";
    case Split::kTest: return "test";
  }
  return "?";
}

std::optional<Split> split_from(std::string_view name) {
  for (const Split split : kSplits) {
    if (to_string(split) == name) return split;
  }
  return std::nullopt;
}

}  // namespace millrace::proto
