// Where a program may write: not into the dataset that it reads.
#pragma once

#include <filesystem>
#include <string_view>

#include "config/options.h"

namespace millrace::config {

/// Throws UsageError where a folder to write in, which `what` names (a flag or key), is a folder of
/// data.path or of a selected dataset, or lies in one below no hidden name: what is written there
/// would be part of the dataset from then on. Looks at the disk, through links.
void refuse_in_dataset(const DataOptions& data, const std::filesystem::path& folder,
                       std::string_view what);

}  // namespace millrace::config
