// Finds the index of a dataset, or makes it: beside the dataset, else in the user's cache.
//
// Any number of processes may do so at once: an index is written under another name and renamed,
// and the last one stays. What an index is of (names, sizes, times) is written in it; where that is
// not so any more, it is made again.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "datasets/index/indexed_text.h"
#include "datasets/index/section_writer.h"
#include "datasets/sources/source_files.h"

namespace millrace::datasets {

/// A dataset up to this size has its index made in memory each time, unless data.cache names a
/// folder: it takes milliseconds, and nothing is left lying about.
inline constexpr std::uint64_t kSmallBytes = std::uint64_t{4} << 20;
[[nodiscard]] bool is_small(const SourceFiles& sources);

struct IndexRequest {
  std::filesystem::path dataset;  ///< the file or folder
  bool is_folder = false;
  std::string source;   ///< what the index is of, as it is written in it
  std::string variant;  ///< tells several indexes of one dataset apart; empty: the usual one
  std::string cache;    ///< data.cache
  bool in_memory = false;
  std::filesystem::path text;  ///< the text where the index does not hold it; else empty
  std::function<GrowingFile(const IndexPlace&)> make;
};

/// Throws proto::DiskError or std::runtime_error where an index can neither be found nor be made,
/// and what `make` throws.
[[nodiscard]] std::shared_ptr<const IndexedText> find_or_make_index(const IndexRequest& request);

/// Where the index may lie, the best place first.
[[nodiscard]] std::vector<std::filesystem::path> index_paths(const IndexRequest& request);

}  // namespace millrace::datasets
