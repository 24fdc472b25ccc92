// Finds the index of a dataset, or makes it: beside the dataset, else in the user's cache folder.
//
// Any number of processes may do this at once: an index is written under another name and renamed,
// and the last one stays. An index records what it was made of (names, sizes, times of files); it
// is made again when that has changed.
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

/// The index of a dataset up to this size is made anew in memory each time, unless data.cache is
/// set: that takes milliseconds and leaves no files.
inline constexpr std::uint64_t kSmallBytes = std::uint64_t{4} << 20;
/// Whether the files have at most kSmallBytes; compressed ones at most a 64th of it.
[[nodiscard]] bool is_small(const SourceFiles& sources);

/// Which index, and how to make it.
struct IndexRequest {
  std::filesystem::path dataset;  ///< the file or folder
  bool is_folder = false;
  std::string source;   ///< what the index is made of, as it records it
  std::string variant;  ///< tells several indexes of one dataset apart; empty: the default one
  std::string cache;    ///< data.cache
  bool in_memory = false;
  std::filesystem::path text;  ///< the text's file, where the index does not hold the text
  std::function<GrowingFile(const IndexPlace&)> make;
};

/// The index from its file, or a new one. Throws proto::DiskError or std::runtime_error where it
/// can neither be found nor be made, and whatever `make` throws.
[[nodiscard]] std::shared_ptr<const IndexedText> find_or_make_index(const IndexRequest& request);

/// The paths where the index may be, the best first.
[[nodiscard]] std::vector<std::filesystem::path> index_paths(const IndexRequest& request);

}  // namespace millrace::datasets
