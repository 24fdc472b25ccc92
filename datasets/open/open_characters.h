// Opens text datasets as characters, with one vocabulary. Called by open_sets() (open_sets.h).
#pragma once

#include <span>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/open/open_sets.h"

namespace millrace::datasets {

/// Opens each spec; `sources` are its files. Throws what open_sets() throws.
[[nodiscard]] std::vector<Dataset> open_characters(std::span<const NamedSpec> specs,
                                                   std::span<const SourceFiles> sources,
                                                   const SetOptions& options);

}  // namespace millrace::datasets
