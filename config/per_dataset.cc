// One recipe for each dataset.
#include "config/per_dataset.h"

#include <string_view>

#include "base/text.h"
#include "config/dataset_keys.h"
#include "config/errors.h"

namespace millrace::config {
namespace {

std::string subfolder(std::string folder, const std::string& name) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  return folder + "/" + name;
}

}  // namespace

std::vector<Options> per_dataset(const Options& options) {
  constexpr std::string_view kFolder = "file://";
  if (options.data.datasets.empty()) {
    throw UsageError(
        "--all trains one model for each of data.datasets, and the recipe has none; leave --all "
        "out");
  }
  std::vector<Options> each;
  for (const DatasetOptions& dataset : selected_datasets(options.data)) {
    Options& one = each.emplace_back(options);
    one.data.dataset = dataset.name;
    one.train.out_dir = subfolder(one.train.out_dir, dataset.name);
    if (one.queue.uri.starts_with(kFolder)) one.queue.uri = subfolder(one.queue.uri, dataset.name);
  }
  return each;
}

std::string joined_names(const DataOptions& data) {
  return base::joined(selected_datasets(data), "+", &DatasetOptions::name);
}

}  // namespace millrace::config
