// Looking at files and folders.
#include "datasets/sources/source_files.h"

#include <algorithm>
#include <stdexcept>

#include "config/errors.h"
#include "datasets/io/byte_source.h"
#include "proto/digest.h"
#include "proto/disk.h"

namespace millrace::datasets {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGetText =
    "name another with --data.path=FILE, or fetch one with scripts/get-data tinyshakespeare";

using Formats = std::span<const FileFormat>;

/// The format that a recipe names; nullptr for "auto".
const FileFormat* named_format(const DatasetSpec& spec, Formats formats) {
  if (spec.format == "auto") return nullptr;
  const auto found = std::ranges::find(formats, spec.format, &FileFormat::name);
  if (found != formats.end()) return &*found;
  throw config::UsageError(fs::path(spec.path).lexically_normal().string() +
                           ": no file has the format '" + spec.format + "' (data.format)");
}

/// The format of a file by the ending of its name.
const FileFormat& format_by_ending(const fs::path& file, Formats formats) {
  const std::string ending = without_compression(file).extension().string();
  const auto found = std::ranges::find_if(formats, [&](const FileFormat& format) {
    return std::ranges::find(format.endings, ending) != format.endings.end();
  });
  return found == formats.end() ? formats.front() : *found;
}

bool is_hidden(const fs::path& relative) {
  return std::ranges::any_of(relative,
                             [](const fs::path& part) { return part.native().starts_with('.'); });
}

SourceFile file_at(const fs::path& path) {
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
  for (const fs::path& each : found) files.push_back(file_at(folder / each));
  return files;
}

std::vector<SourceFile> files_of(const fs::path& path, bool is_folder) {
  return is_folder ? files_below(path) : std::vector{file_at(path)};
}

/// The one format that all files of a folder have by their endings.
const FileFormat& common_format(const fs::path& folder, const std::vector<SourceFile>& files,
                                Formats formats) {
  const FileFormat& first = format_by_ending(files.front().path, formats);
  for (const SourceFile& each : files) {
    const FileFormat& other = format_by_ending(each.path, formats);
    if (&other != &first) {
      throw config::UsageError(folder.string() + ": the folder holds " + std::string(first.name) +
                               " (" + files.front().path.filename().string() + ") and " +
                               std::string(other.name) + " (" + each.path.filename().string() +
                               "); say what its files are with --data.format=FORMAT");
    }
  }
  if (first.content == Content::kTokens) {
    throw config::UsageError(
        folder.string() + ": the folder holds token files; say so with --data.format=token_folder");
  }
  return first;
}

/// Throws config::UsageError for a folder where the format takes a file, or the other way round.
void check_kind(const SourceFiles& sources) {
  const std::string place = sources.path.string();
  const std::string format(sources.format->name);
  const Content content = sources.format->content;
  if (content == Content::kTokenFolder && !sources.is_folder) {
    throw config::UsageError(place + ": data.format = " + format +
                             " takes a folder with train.bin, and this is a file");
  }
  if (sources.is_folder && (content == Content::kText8 || content == Content::kTokens)) {
    const std::string next = content == Content::kTokens ? "; use --data.format=token_folder" : "";
    throw config::UsageError(place + ": data.format = " + format +
                             " takes one file, and this is a folder" + next);
  }
}

}  // namespace

std::string SourceFile::state(const fs::path& shown) const {
  return "file " + shown.generic_string() + " " + std::to_string(bytes) + " " +
         std::to_string(written_ns) + "\n";
}

std::uint64_t SourceFiles::bytes() const {
  std::uint64_t sum = 0;
  for (const SourceFile& each : files) sum += each.bytes;
  return sum;
}

bool SourceFiles::is_in_place() const {
  return !format->holds_tokens() && !format->has_records() && !is_folder &&
         compression_of(path) == Compression::kNone;
}

std::string SourceFiles::state() const {
  const std::string state = "format " + std::string(format->name) + "\n";
  if (!is_folder) return state + files.front().state(path.filename());
  std::string listing;
  for (const SourceFile& each : files) listing += each.state(each.path.lexically_relative(path));
  return state + "files " + std::to_string(files.size()) + " " + std::to_string(bytes()) + " " +
         proto::hex16(proto::xxh64(listing)) + "\n";
}

bool SourceFiles::have_changed() const {
  if (!fs::exists(path) || fs::is_directory(path) != is_folder) return true;
  SourceFiles now = *this;
  now.files = files_of(path, is_folder);
  return now.state() != state();
}

SourceFiles find_sources(const DatasetSpec& spec, Formats formats) {
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
  sources.files = files_of(path, sources.is_folder);
  if (sources.files.empty()) {
    throw std::runtime_error(path.string() +
                             ": the folder holds no files (hidden ones do not count); " +
                             std::string(kGetText));
  }
  sources.format = named_format(spec, formats);
  if (sources.format == nullptr) {
    sources.format = sources.is_folder ? &common_format(path, sources.files, formats)
                                       : &format_by_ending(path, formats);
  }
  check_kind(sources);
  return sources;
}

}  // namespace millrace::datasets
