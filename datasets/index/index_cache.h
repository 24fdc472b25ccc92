// Finds the index of a dataset, or makes it: beside the dataset, else in the user's cache folder.
//
// Any number of processes may do this at once: an index is written under another name and renamed,
// and the last one stays. An index records what it was made of (SourceFiles::state()); it is made
// again when that has changed.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
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

/// Throws std::runtime_error "PLACE: …" if the process was asked to stop and `bytes_read` are more
/// than kSmallBytes: a small dataset is read to its end. Whoever makes an index calls it often.
void check_stop(std::uint64_t bytes_read, const std::string& place);

/// An index to find, and how to make it if there is none.
struct IndexRequest {
  std::filesystem::path dataset;  ///< the file or folder
  bool is_folder = false;
  std::string source{};  ///< what the index is made of, as it records it
  /// When a file of the dataset last changed.
  std::int64_t newest_ns = 0;
  /// Whether the files are others by now than `source` says.
  std::function<bool()> has_changed = [] { return false; };
  std::string variant{};  ///< tells several indexes of one dataset apart; empty: the default one
  std::string cache{};    ///< data.cache
  bool in_memory = false;
  bool only_find = false;        ///< throw NoIndex rather than make one that is not in memory
  std::filesystem::path text{};  ///< the text's file, where the index does not hold the text
  std::function<GrowingFile(const IndexPlace&)> make{};
};

/// There is no index of a dataset that would take long to read.
class NoIndex : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The index from its file, or a new one. Throws proto::DiskError or std::runtime_error where it
/// can neither be found nor be made, or where the dataset changes
/// meanwhile; and whatever `make` throws.
[[nodiscard]] std::shared_ptr<const IndexedText> find_or_make_index(const IndexRequest& request);

/// The paths where the index may be, the best first.
[[nodiscard]] std::vector<std::filesystem::path> index_paths(const IndexRequest& request);

}  // namespace millrace::datasets
