// The files of a dataset, and their format.
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
  std::string format = "auto";       ///< data.format
  std::string column{};              ///< data.column: where csv and jsonl have the text
  std::uint64_t max_characters = 0;  ///< only this many from the beginning; 0: all. Texts alone
  std::string cache{};               ///< data.cache: the folder of indexes
};

/// A file, and what shows that it has changed.
struct SourceFile {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  std::int64_t written_ns = 0;  ///< time of modification

  /// A line of text: name, size, time. `shown`: how the line names the file.
  [[nodiscard]] std::string state(const std::filesystem::path& shown) const;
};

/// The files of a dataset.
struct SourceFiles {
  std::filesystem::path path;          ///< the file or folder
  std::string name;                    ///< the last part of the path
  const FileFormat* format = nullptr;  ///< of all files; never nullptr after find_sources()
  bool is_folder = false;
  /// The file, or all files below the folder that are not hidden, by relative path, bytewise.
  std::vector<SourceFile> files;

  [[nodiscard]] std::uint64_t bytes() const;
  /// Whether the text of the dataset is the bytes of one file as they are.
  [[nodiscard]] bool is_in_place() const;
  /// Identifies this state of the files: format, names, sizes, times.
  [[nodiscard]] std::string state() const;
  /// Whether state() is another one by now.
  [[nodiscard]] bool have_changed() const;
};

/// Finds the files of a dataset and their format, one of `formats` (which must outlive the result).
/// Throws std::runtime_error for a path that does not exist or a folder without files,
/// config::UsageError for a format that does not fit the path.
[[nodiscard]] SourceFiles find_sources(const DatasetSpec& spec,
                                       std::span<const FileFormat> formats = file_formats());

}  // namespace millrace::datasets
