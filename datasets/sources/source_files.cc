// Finds files and folders, and their format (source_files.h).
#include "datasets/sources/source_files.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <optional>
#include <stdexcept>

#include "base/lower_case.h"
#include "config/errors.h"
#include "datasets/io/byte_source.h"
#include "datasets/io/names_list.h"
#include "datasets/io/plain_path.h"
#include "datasets/sources/content_probe.h"
#include "datasets/sources/folder_files.h"
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
  throw config::UsageError(plain_path(spec.path).string() + ": no file has the format '" +
                           spec.format + "' (data.format)");
}

/// The format of a file by the ending of its name, in any case. Throws config::UsageError for an
/// ending of tables that would be a surprise as text.
const FileFormat& format_by_ending(const fs::path& file, Formats formats) {
  const std::string ending = base::lower_case(without_compression(file).extension().string());
  if (ending == ".json") {
    throw config::UsageError(
        file.string() +
        ": say what it is: --data.format=jsonl for an object a line, --data.format=text for a text "
        "as it is; an array of objects becomes lines with jq -c '.[]' FILE > NEW");
  }
  if (ending == ".tsv") {
    throw config::UsageError(
        file.string() +
        ": columns between tabs are not read; make it CSV, e.g. in Python with "
        "pandas.read_csv(FILE, sep='\\t').to_csv(NEW, index=False), or say --data.format=text for "
        "a text as it is");
  }
  const auto found = std::ranges::find_if(formats, [&](const FileFormat& format) {
    return std::ranges::find(format.endings, ending) != format.endings.end();
  });
  return found == formats.end() ? formats.front() : *found;
}

std::string what_it_is(mode_t mode) {
  if (S_ISFIFO(mode)) return "a pipe";
  return S_ISSOCK(mode) ? "a socket" : "a device";
}

/// The file or folder at a path; empty where there is none.
std::optional<struct stat> status_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return status;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw proto::DiskError(path, "cannot look at it", errno);
}

std::int64_t in_ns(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

SourceFile file_at(const fs::path& path) {
  const auto status = status_of(path);
  if (!status) throw std::runtime_error(path.string() + ": the file has gone; start again");
  return {path, static_cast<std::uint64_t>(status->st_size), in_ns(status->st_mtim),
          in_ns(status->st_ctim), status->st_ino};
}

/// The names of the files that were left out; none of a single file.
std::vector<std::string> files_of(const fs::path& path, bool is_folder,
                                  std::vector<SourceFile>& files) {
  if (!is_folder) {
    files = {file_at(path)};
    return {};
  }
  const FolderFiles found = list_folder(path);
  for (const fs::path& each : found.files) files.push_back(file_at(path / each));
  return {found.left_out.begin(), found.left_out.end()};
}

[[noreturn]] void refuse_unsaid_tokens(const fs::path& folder) {
  throw config::UsageError(
      folder.string() + ": the folder holds token files; say so with --data.format=token_folder");
}

/// Whether it is a part of a token_folder, in which a meta.json or other files may lie too.
bool is_train_part(const SourceFile& file) {
  const std::string name = base::lower_case(file.path.filename().string());
  return name.starts_with("train") && name.ends_with(".bin");
}

/// The one format that all files of a folder have by their endings.
const FileFormat& common_format(const fs::path& folder, const std::vector<SourceFile>& files,
                                Formats formats) {
  // The recipe must say it, as its other keys depend on it.
  if (std::ranges::any_of(files, is_train_part)) refuse_unsaid_tokens(folder);
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
  if (first.content == Content::kTokens) refuse_unsaid_tokens(folder);
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
         std::to_string(written_ns) + " " + std::to_string(changed_ns) + " " +
         std::to_string(inode) + "\n";
}

std::int64_t SourceFile::newest_ns() const { return std::max(written_ns, changed_ns); }

bool SourceFile::is_as(const SourceFile& other) const {
  return path == other.path && bytes == other.bytes && written_ns == other.written_ns &&
         changed_ns == other.changed_ns;
}

bool SourceFile::has_changed() const { return !status_of(path) || !file_at(path).is_as(*this); }

std::string state_of(const SourceFile& file) {
  return file.state(file.path.filename()) + "probe " + content_probe({&file, 1}) + "\n";
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
  if (!is_folder) return state + state_of(files.front());
  std::string listing;
  for (const SourceFile& each : files) listing += each.state(each.path.lexically_relative(path));
  return state + "files " + std::to_string(files.size()) + " " + std::to_string(bytes()) + " " +
         proto::hex16(proto::xxh64(listing)) + "\nprobe " + content_probe(files) + "\n";
}

bool SourceFiles::have_changed() const {
  const auto status = status_of(path);
  if (!status || S_ISDIR(status->st_mode) != is_folder) return true;
  std::vector<SourceFile> now;
  (void)files_of(path, is_folder, now);
  return !std::ranges::equal(files, now, &SourceFile::is_as);
}

std::int64_t SourceFiles::newest_ns() const {
  std::int64_t newest = 0;
  for (const SourceFile& each : files) newest = std::max(newest, each.newest_ns());
  return newest;
}

std::string name_of_dataset(const fs::path& path) {
  const fs::path full = plain_path(fs::absolute(path));
  const fs::path name = full.has_filename() ? full.filename() : full.parent_path().filename();
  return name == ".." ? fs::canonical(full).filename().string() : name.string();
}

SourceFiles find_sources(const DatasetSpec& spec, Formats formats) {
  const auto status = status_of(spec.path);
  if (!status) {
    throw std::runtime_error((spec.path.empty() ? "data.path" : spec.path) +
                             ": there is no such file or folder; see whether the path is right "
                             "from this working directory, " +
                             std::string(kGetText));
  }
  if (!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode)) {
    throw std::runtime_error(spec.path + ": it is " + what_it_is(status->st_mode) +
                             ", and a dataset must be a file or a folder, because each process "
                             "reads it at any place, again and again; write the data into a file "
                             "first");
  }
  SourceFiles sources;
  sources.path = plain_path(spec.path);
  sources.name = name_of_dataset(sources.path);
  sources.is_folder = S_ISDIR(status->st_mode);
  const auto left_out = files_of(sources.path, sources.is_folder, sources.files);
  if (!left_out.empty()) {
    spdlog::warn("{}: left out, as other programs leave them behind: {}", sources.path.string(),
                 quoted_list(left_out));
  }
  if (sources.files.empty()) {
    throw std::runtime_error(sources.path.string() +
                             ": the folder holds no files (hidden ones do not count); " +
                             std::string(kGetText));
  }
  sources.format = named_format(spec, formats);
  if (sources.format == nullptr) {
    sources.format = sources.is_folder ? &common_format(sources.path, sources.files, formats)
                                       : &format_by_ending(sources.path, formats);
  }
  check_kind(sources);
  return sources;
}

}  // namespace millrace::datasets
