// Looks at the data that a recipe names (named_data.h).
#include "providers/named_data.h"

#include <spdlog/spdlog.h>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <vector>

#include "annotation/shard_folder.h"
#include "base/text.h"
#include "config/stream_keys.h"
#include "datasets/index/index_cache.h"
#include "datasets/open/open_sets.h"
#include "providers/windows/open_datasets.h"

namespace millrace::providers {
namespace {

namespace fs = std::filesystem;

/// Files without an index are read up to this many bytes in all, which takes a fraction of a
/// second.
constexpr std::uint64_t kReadAtMost = 16 * datasets::kSmallBytes;

/// Bytes of the files that are read anew each time, as they are too small for an index.
std::uint64_t bytes_without_index(const datasets::DatasetSpec& spec) {
  std::uint64_t bytes = 0;
  for (const datasets::SourceFile& each : datasets::find_sources(spec).files) {
    if (each.bytes <= datasets::kSmallBytes) bytes += each.bytes;
  }
  return bytes;
}

/// Empty: it takes a long time to know, or the data are not here.
std::string hash_of(std::vector<datasets::NamedSpec> specs, const config::DataOptions& options) {
  std::uint64_t bytes = 0;
  for (datasets::NamedSpec& each : specs) {
    if (!fs::exists(each.spec.path)) return {};
    bytes += bytes_without_index(each.spec);
    each.spec.only_find_index = true;
  }
  if (bytes > kReadAtMost) return {};
  return datasets::open_sets(specs, datasets::set_options(options)).hash;
}

std::optional<NamedData> data_of_windows(const config::Options& options) {
  const std::vector<datasets::NamedSpec> specs = named_datasets(options.data);
  if (specs.empty() || options.data.format == "markov") return std::nullopt;
  NamedData named;
  named.name = base::joined(specs, "+", &datasets::name_of);
  named.byte_level = !options.data.tokenizer.empty();
  try {
    named.hash = hash_of(specs, options.data);
  } catch (const std::exception& error) {
    spdlog::debug("the content of {} is not known here: {}", named.name, error.what());
  }
  return named;
}

std::optional<NamedData> data_of_shards(const config::Options& options) {
  if (!fs::exists(options.data.shards)) return std::nullopt;
  const annotation::ShardFolder folder(options.data.shards);
  return NamedData{folder.header().dataset_name, folder.hash(), !folder.vocabulary().empty()};
}

}  // namespace

std::optional<NamedData> named_data(const config::Options& options) try {
  if (config::cuts_windows(options)) return data_of_windows(options);
  if (config::cascade_counts(options)) return data_of_shards(options);
  return std::nullopt;
} catch (const std::exception& error) {
  spdlog::debug("the recipe's data are not known here: {}", error.what());
  return std::nullopt;
}

}  // namespace millrace::providers
