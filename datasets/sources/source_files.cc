#include "datasets/sources/source_files.h"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include "config/errors.h"
#include "datasets/io/byte_source.h"
#include "proto/digest.h"
#include "proto/disk.h"

namespace millrace::datasets {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 7> kNames = {"text",  "lines",  "csv",         "jsonl",
                                                    "text8", "tokens", "token_folder"};

constexpr std::string_view kGetText =
    "name another with --data.path=FILE, or fetch one with scripts/get-data tinyshakespeare";

std::optional<Format> format_named(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Format>(found - kNames.begin());
}

Format format_by_name(const fs::path& path) {
  const fs::path end = without_compression(path).extension();
  if (end == ".csv") return Format::kCsv;
  if (end == ".jsonl" || end == ".ndjson") return Format::kJsonl;
  if (end == ".bin") return Format::kTokens;
  return Format::kText;
}

bool is_hidden(const fs::path& relative) {
  return std::ranges::any_of(relative,
                             [](const fs::path& part) { return part.native().starts_with('.'); });
}

SourceFile look_at(const fs::path& path) {
  const auto entry = proto::real_disk().stat(path);
  if (!entry) throw std::runtime_error(path.string() + ": the file has gone; start again");
  return {path, entry->size_bytes, entry->written_ns};
}

std::vector<SourceFile> files_below(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& each : fs::recursive_directory_iterator(folder)) {
    const fs::path relative = each.path().lexically_relative(folder);
    if (each.is_regular_file() && !is_hidden(relative)) found.push_back(relative);
  }
  std::ranges::sort(found, {}, [](const fs::path& path) { return path.generic_string(); });
  std::vector<SourceFile> files;
  files.reserve(found.size());
  for (const fs::path& each : found) files.push_back(look_at(folder / each));
  return files;
}

/// The one format that all files of a folder have by their names.
Format common_format(const fs::path& folder, const std::vector<SourceFile>& files) {
  const Format first = format_by_name(files.front().path);
  for (const SourceFile& each : files) {
    const Format other = format_by_name(each.path);
    if (other != first) {
      throw config::UsageError(
          folder.string() + ": the folder holds " + std::string(to_string(first)) + " (" +
          files.front().path.filename().string() + ") and " + std::string(to_string(other)) + " (" +
          each.path.filename().string() + "); say what its files are with --data.format=FORMAT");
    }
  }
  if (first == Format::kTokens) {
    throw config::UsageError(
        folder.string() + ": the folder holds token files; say so with --data.format=token_folder");
  }
  return first;
}

void check_kind(const SourceFiles& sources) {
  const std::string place = sources.path.string();
  if (sources.format == Format::kTokenFolder && !sources.is_folder) {
    throw config::UsageError(
        place + ": data.format = token_folder takes a folder with train.bin, and this is a file");
  }
  if (sources.is_folder &&
      (sources.format == Format::kText8 || sources.format == Format::kTokens)) {
    const std::string next =
        sources.format == Format::kTokens ? "; use --data.format=token_folder" : "";
    throw config::UsageError(place + ": data.format = " + std::string(to_string(sources.format)) +
                             " takes one file, and this is a folder" + next);
  }
}

}  // namespace

std::string_view to_string(Format format) { return kNames[static_cast<std::size_t>(format)]; }

std::uint64_t SourceFiles::bytes() const {
  std::uint64_t sum = 0;
  for (const SourceFile& each : files) sum += each.bytes;
  return sum;
}

bool SourceFiles::is_in_place() const {
  const bool as_it_is =
      format == Format::kText || format == Format::kLines || format == Format::kText8;
  return as_it_is && !is_folder && compression_of(path) == Compression::kNone;
}

std::string SourceFiles::state() const {
  std::string state = "format " + std::string(to_string(format)) + "\n";
  const auto line = [this](const SourceFile& file) {
    const fs::path shown = is_folder ? file.path.lexically_relative(path) : file.path.filename();
    return "file " + shown.generic_string() + " " + std::to_string(file.bytes) + " " +
           std::to_string(file.written_ns) + "\n";
  };
  if (!is_folder) return state + line(files.front());
  std::string listing;
  for (const SourceFile& each : files) listing += line(each);
  return state + "files " + std::to_string(files.size()) + " " + std::to_string(bytes()) + " " +
         proto::hex16(proto::xxh64(listing)) + "\n";
}

SourceFiles find_sources(const DatasetSpec& spec) {
  const fs::path path = fs::path(spec.path).lexically_normal();
  if (spec.path.empty() || !fs::exists(path)) {
    throw std::runtime_error((spec.path.empty() ? "data.path" : spec.path) +
                             ": there is no such file or folder; " + std::string(kGetText) +
                             ", or leave data.path unset for the built-in text");
  }
  SourceFiles sources;
  sources.path = path;
  const fs::path full = fs::absolute(path).lexically_normal();
  sources.name =
      full.has_filename() ? full.filename().string() : full.parent_path().filename().string();
  sources.is_folder = fs::is_directory(path);
  sources.files = sources.is_folder ? files_below(path) : std::vector{look_at(path)};
  if (sources.files.empty()) {
    throw std::runtime_error(path.string() +
                             ": the folder holds no files (hidden ones do not count); " +
                             std::string(kGetText));
  }
  const std::optional<Format> named = format_named(spec.format);
  if (!named && spec.format != "auto") {
    throw config::UsageError(path.string() + ": no file has the format '" + spec.format +
                             "' (data.format)");
  }
  sources.format = named               ? *named
                   : sources.is_folder ? common_format(path, sources.files)
                                       : format_by_name(path);
  check_kind(sources);
  return sources;
}

}  // namespace millrace::datasets
