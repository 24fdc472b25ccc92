// The text of a dataset, mapped beside its index; extracted once where its files hold it in another
// form.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datasets/index/indexed_text.h"
#include "datasets/sources/source_files.h"

namespace millrace::datasets {

/// The text of files of any format but tokens and token_folder. Of several documents: all, joined
/// by newlines. `allowed` has the code points that are not left out; empty: all. Throws
/// std::runtime_error for a text that is empty or not UTF-8 (with the file and the byte's offset in
/// it), or files that are not what their format says; config::UsageError where a column must be
/// named.
[[nodiscard]] std::shared_ptr<const IndexedText> open_text(const SourceFiles& sources,
                                                           const DatasetSpec& spec,
                                                           const std::vector<bool>& allowed = {});

}  // namespace millrace::datasets
