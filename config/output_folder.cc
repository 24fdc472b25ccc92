// Whether a folder lies in a dataset (output_folder.h).
#include "config/output_folder.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <vector>

#include "config/dataset_keys.h"
#include "config/errors.h"

namespace millrace::config {
namespace {

namespace fs = std::filesystem;

/// Whether what is written into `folder` is found by a walk through `dataset`, from which hidden
/// names are left out.
bool is_part_of(const fs::path& folder, const fs::path& dataset) {
  std::error_code error;
  if (!fs::is_directory(dataset, error)) return false;
  const fs::path outer = fs::canonical(dataset, error);
  const fs::path inner = fs::weakly_canonical(folder, error);
  if (error) return false;
  const auto [in_outer, in_inner] =
      std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return in_outer == outer.end() && std::none_of(in_inner, inner.end(), [](const fs::path& name) {
           return name.native().starts_with('.');
         });
}

}  // namespace

void refuse_in_dataset(const DataOptions& data, const fs::path& folder, std::string_view what) {
  std::vector<std::string> paths;
  for (const DatasetOptions& each : selected_datasets(data)) paths.push_back(each.path);
  if (paths.empty() && data.path) paths.push_back(*data.path);
  for (const std::string& path : paths) {
    if (!is_part_of(folder, path)) continue;
    throw UsageError(std::string(what) + " = " + folder.string() + " lies in the dataset " + path +
                     ", whose files are all that is below it, so it would no longer be the same; "
                     "name a folder elsewhere");
  }
}

}  // namespace millrace::config
