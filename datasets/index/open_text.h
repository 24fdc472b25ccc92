// Opens the text of a dataset, mapped, with its index. A text that no file holds unchanged (csv,
// jsonl, folders, compressed files) is extracted once, into the index.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datasets/index/indexed_text.h"
#include "datasets/sources/source_files.h"

namespace millrace::datasets {

/// Opens the text of files in any format except token files; several documents are joined by
/// newlines. `allowed`: by code point, the characters to keep; empty: all. Throws
/// std::runtime_error for a text that is empty or not UTF-8 (with the file and the offset of the
/// byte in it), and for files that are not in their format; config::UsageError for token files.
[[nodiscard]] std::shared_ptr<const IndexedText> open_text(const SourceFiles& sources,
                                                           const DatasetSpec& spec,
                                                           const std::vector<bool>& allowed = {});

}  // namespace millrace::datasets
