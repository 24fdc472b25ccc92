// Finds the files of a dataset and their format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "datasets/sources/formats.h"

namespace millrace::datasets {

/// One dataset, as a recipe describes it.
struct DatasetSpec {
  std::string path;
  std::string format = "auto";         ///< data.format
  std::string column{};                ///< data.column: the column or key that holds the text
  std::uint64_t max_characters = 0;    ///< of texts: only this many from the beginning; 0: all
  std::string cache{};                 ///< data.cache: the folder of indexes
  bool skip_missing = false;           ///< data.missing = "skip"
  std::uint64_t max_decompressed = 0;  ///< data.max_decompressed_bytes
  /// Throw NoIndex (index_cache.h) rather than read through a dataset that is not small.
  bool only_find_index = false;
};

/// A file, with what the file system says about it, by which a change is noticed.
struct SourceFile {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  std::int64_t written_ns = 0;  ///< time of modification, which people and programs may set
  std::int64_t changed_ns = 0;  ///< time of the last change of content, name or mode
  std::uint64_t inode = 0;

  /// A line of text: name, size, times, inode. `shown`: how the line names the file.
  [[nodiscard]] std::string state(const std::filesystem::path& shown) const;
  [[nodiscard]] std::int64_t newest_ns() const;  ///< the later of the two times
  /// Whether path, size and times are the same. Not the inode, which some network file systems make
  /// up anew while a file stays the same: that would be an error here, and costs in state() no more
  /// than another index.
  [[nodiscard]] bool is_as(const SourceFile& other) const;
  /// Whether the file on disk is no longer as this one, or gone.
  [[nodiscard]] bool has_changed() const;
};

/// Identifies this state of a file: its SourceFile::state(), and a probe of its content.
[[nodiscard]] std::string state_of(const SourceFile& file);

/// The files of a dataset.
struct SourceFiles {
  std::filesystem::path path;          ///< the file or folder
  std::string name;                    ///< the last part of the path
  const FileFormat* format = nullptr;  ///< of all files; never nullptr after find_sources()
  bool is_folder = false;
  /// The file, or the files of the folder (folder_files.h), by relative path, bytewise.
  std::vector<SourceFile> files;

  [[nodiscard]] std::uint64_t bytes() const;
  /// Whether the text of the dataset is the bytes of one file as they are.
  [[nodiscard]] bool is_in_place() const;
  /// Identifies this state of the files: format, names, sizes, times, inodes, and a probe of their
  /// content. Not the device, whose number differs between machines that share a file system.
  [[nodiscard]] std::string state() const;
  /// Whether there are other files by now, or one that is not as it was.
  [[nodiscard]] bool have_changed() const;
  /// The latest SourceFile::newest_ns().
  [[nodiscard]] std::int64_t newest_ns() const;
};

/// The name of the dataset at a path, which need not be there: the last part of the path, without
/// links; of ".." the folder that it means. Throws std::filesystem::filesystem_error where that is
/// not there.
[[nodiscard]] std::string name_of_dataset(const std::filesystem::path& path);

/// Finds the files of a dataset and their format, one of `formats` (which must outlive the result).
/// Throws std::runtime_error for a path that does not exist, that is neither a file nor a folder,
/// or a folder without files or that list_folder() refuses; config::UsageError for a format that
/// does not fit the path. Logs which files of a folder are left out.
[[nodiscard]] SourceFiles find_sources(const DatasetSpec& spec,
                                       std::span<const FileFormat> formats = file_formats());

}  // namespace millrace::datasets
