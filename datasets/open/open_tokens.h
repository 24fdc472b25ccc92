// Opens datasets as tokens, with one vocabulary: token files, and texts that a tokenizer encodes.
// Part of open_sets.h.
#pragma once

#include <span>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/open/open_sets.h"

namespace millrace::datasets {

/// `sources`: the files of each spec. Throws as open_sets().
[[nodiscard]] std::vector<Dataset> open_tokens(std::span<const NamedSpec> specs,
                                               std::span<const SourceFiles> sources,
                                               const SetOptions& options);

}  // namespace millrace::datasets
