// The documents of each split of a text. Splits lie where they lie for a stream of its characters
// (datasets/index/splits.h), so that both say the same of what is val: a text of documents is cut
// between them, and a single one in its middle.
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

/// Valid UTF-8, mapped or in memory for as long as this lives.
struct SplitText {
  proto::Split split = proto::Split::kTrain;
  std::uint64_t count = 0;  ///< documents
  std::uint64_t bytes = 0;  ///< of all of them
  std::function<std::string_view(std::uint64_t)> document;
};

/// The splits that have text.
[[nodiscard]] std::vector<SplitText> split_documents(
    const std::shared_ptr<const datasets::Documents>& documents, const datasets::Cuts& cuts);

}  // namespace millrace::tools
