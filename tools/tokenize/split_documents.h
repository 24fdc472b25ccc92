// The documents of each split of a text. Splits begin where they begin for a stream of its
// characters (datasets/index/splits.h), so that val is the same text for both: a text of several
// documents is cut between documents, a single document within.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "datasets/index/splits.h"
#include "datasets/open/documents.h"
#include "proto/types.h"

namespace millrace::tools {

/// The documents of one split: valid UTF-8, mapped or in memory for the lifetime of this object.
struct SplitText {
  proto::Split split = proto::Split::kTrain;
  std::uint64_t count = 0;  ///< number of documents
  std::uint64_t bytes = 0;  ///< of all documents
  std::function<std::string_view(std::uint64_t)> document;
};

/// The splits that are not empty.
[[nodiscard]] std::vector<SplitText> split_documents(
    const std::shared_ptr<const datasets::Documents>& documents, const datasets::Cuts& cuts);

}  // namespace millrace::tools
