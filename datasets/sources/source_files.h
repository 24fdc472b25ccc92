// Which files a dataset is, and in what form they hold its text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::datasets {

enum class Format : std::uint8_t { kText, kLines, kCsv, kJsonl, kText8, kTokens, kTokenFolder };

[[nodiscard]] std::string_view to_string(Format format);

/// What a recipe says of one dataset.
struct DatasetSpec {
  std::string path;
  std::string format = "auto";       ///< of config::DataOptions
  std::string column{};              ///< csv, jsonl
  std::uint64_t max_characters = 0;  ///< the first so many (tokens, of token files); 0: all
  /// Folder of indexes; empty: beside the dataset, or the user's.
  std::string cache{};
};

struct SourceFile {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  std::int64_t written_ns = 0;  ///< its time of modification
};

struct SourceFiles {
  std::filesystem::path path;  ///< the file or folder
  std::string name;            ///< its last part
  Format format = Format::kText;
  bool is_folder = false;
  /// Of a folder: all below it that are not hidden, by relative path, bytewise.
  std::vector<SourceFile> files;

  [[nodiscard]] std::uint64_t bytes() const;
  /// Whether the text of the dataset is one file's bytes as they are.
  [[nodiscard]] bool is_in_place() const;
  /// What names this state of the files: form, names, sizes, times.
  [[nodiscard]] std::string state() const;
};

/// Looks. Throws std::runtime_error for a path that is not there or a folder without files,
/// config::UsageError for a format that does not go with the path.
[[nodiscard]] SourceFiles find_sources(const DatasetSpec& spec);

}  // namespace millrace::datasets
