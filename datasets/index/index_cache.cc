// Looks for an index at the paths where it may be, and makes it there (index_cache.h).
#include "datasets/index/index_cache.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <climits>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <thread>

#include "config/app/stop.h"
#include "datasets/io/byte_source.h"
#include "datasets/io/plain_path.h"
#include "datasets/io/utf8.h"
#include "proto/digest.h"
#include "proto/files.h"

namespace millrace::datasets {
namespace {

namespace fs = std::filesystem;

fs::path full_path(const IndexRequest& request) {
  fs::path path = plain_path(fs::absolute(request.dataset));
  if (!path.has_filename()) path = path.parent_path();  // it was "folder/"
  return path;
}

std::string variant_of(const IndexRequest& request) {
  return request.variant.empty() ? std::string()
                                 : "." + proto::hex16(proto::xxh64(request.variant)).substr(0, 8);
}

std::string place_of(const fs::path& path) {
  return "." + proto::hex16(proto::xxh64(path.string()));
}

/// A name of at most NAME_MAX bytes that begins with the dataset's, cut between characters.
std::string index_name(std::string dataset, const std::string& ending) {
  if (dataset.size() + ending.size() > NAME_MAX) {
    dataset.resize(NAME_MAX - ending.size());
    dataset.resize(dataset.size() - incomplete_utf8_bytes(dataset));
  }
  return dataset + ending;
}

/// The index's path in a folder that datasets share: a hash of the dataset's path is part of the
/// name.
fs::path in_shared_folder(const fs::path& folder, const IndexRequest& request) {
  const fs::path path = full_path(request);
  return folder / index_name(path.filename().string(),
                             place_of(path) + variant_of(request) + std::string(kIndexSuffix));
}

/// The index's path beside the dataset. A name that is cut has a hash of the path too.
fs::path in_own_folder(const IndexRequest& request) {
  const fs::path path = full_path(request);
  const std::string dataset = "." + path.filename().string();
  const std::string ending = variant_of(request) + std::string(kIndexSuffix);
  const std::string whole = dataset + ending;
  return (request.is_folder ? path : path.parent_path()) /
         (whole.size() <= NAME_MAX ? whole : index_name(dataset, place_of(path) + ending));
}

std::optional<fs::path> user_cache() {
  if (const char* folder = std::getenv("XDG_CACHE_HOME"); folder != nullptr && *folder == '/') {
    return fs::path(folder) / "millrace";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return fs::path(home) / ".cache" / "millrace";
  }
  return std::nullopt;
}

std::unique_ptr<const MappedFile> map_text(const IndexRequest& request) {
  return request.text.empty() ? nullptr : std::make_unique<MappedFile>(request.text);
}

std::shared_ptr<const IndexedText> open_index(std::unique_ptr<const MappedFile> index,
                                              const IndexRequest& request, std::string& why) {
  return IndexedText::open(std::move(index), map_text(request), request.source, why);
}

std::shared_ptr<const IndexedText> try_open(const fs::path& path, const IndexRequest& request) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return nullptr;
  std::string why;
  try {
    if (auto text = open_index(std::make_unique<MappedFile>(path), request, why)) return text;
  } catch (const proto::DiskError& error) {
    why = error.what();
  }
  spdlog::info("{}: the index is {}{}", path.string(), why,
               request.only_find ? "" : "; making it again");
  return nullptr;
}

/// Waits until the newest file is old enough: a file system's clock may tick so rarely that a file
/// which has just been written could change and keep its time.
void let_the_clock_tick(const IndexRequest& request) {
  constexpr std::int64_t kTickNs = 20'000'000;
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  if (now >= request.newest_ns && now - request.newest_ns < kTickNs) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(kTickNs - (now - request.newest_ns)));
  }
}

void check_unchanged(const IndexRequest& request) {
  if (!request.has_changed()) return;
  throw std::runtime_error(request.dataset.string() +
                           ": it changed while it was read; start again when it is complete");
}

GrowingFile make(const IndexRequest& request, const IndexPlace& place) {
  let_the_clock_tick(request);
  GrowingFile made = request.make(place);
  check_unchanged(request);
  return made;
}

std::shared_ptr<const IndexedText> make_in_memory(const IndexRequest& request) {
  const GrowingFile made = make(request, IndexPlace::in_memory());
  std::string why;
  auto text =
      open_index(std::make_unique<MappedFile>(made.fd(), "an index in memory"), request, why);
  if (!text) {
    throw std::runtime_error(request.dataset.string() + ": its index is " + why +
                             " right after it was made; report this");
  }
  return text;
}

/// Whether an index can be put at `path`: where nothing is, or a file or link. Makes the folder
/// where it is missing.
bool is_writable(const fs::path& path, std::string& why) {
  std::error_code ignored;
  const fs::file_status there = fs::symlink_status(path, ignored);
  if (fs::exists(there) && !fs::is_regular_file(there) && !fs::is_symlink(there)) {
    why = path.string() + " is there and is no file";
    return false;
  }
  try {
    proto::make_folders(path.parent_path(), proto::real_disk());
    (void)GrowingFile::without_name(path.parent_path());
    return true;
  } catch (const proto::DiskError& error) {
    why = error.what();
    return false;
  }
}

std::shared_ptr<const IndexedText> make_at(const fs::path& path, const IndexRequest& request) {
  const fs::path unfinished = proto::temporary_name(path);
  spdlog::info("{}: indexing it once, into {}", request.dataset.string(), path.string());
  try {
    const GrowingFile made = make(request, IndexPlace::on_disk(unfinished));
    proto::real_disk().rename(unfinished, path);
    std::string why;
    // By the descriptor, as another process may have replaced the file by its own since.
    auto text = open_index(std::make_unique<MappedFile>(made.fd(), path), request, why);
    if (!text) {
      throw std::runtime_error(path.string() + ": the index is " + why +
                               " right after it was made; report this");
    }
    return text;
  } catch (const proto::DiskError& error) {
    proto::try_remove_all(unfinished, proto::real_disk());
    if (!error.is_full()) throw;
    throw std::runtime_error(std::string(error.what()) +
                             "; name a folder with room with --data.cache=FOLDER");
  } catch (...) {
    proto::try_remove_all(unfinished, proto::real_disk());
    throw;
  }
}

std::shared_ptr<const IndexedText> find_or_make(const IndexRequest& request) {
  if (request.in_memory) return make_in_memory(request);
  const std::vector<fs::path> paths = index_paths(request);
  for (const fs::path& path : paths) {
    if (auto text = try_open(path, request)) return text;
  }
  if (request.only_find) throw NoIndex(request.dataset.string() + ": there is no index of it");
  std::string why;
  for (const fs::path& path : paths) {
    if (is_writable(path, why)) return make_at(path, request);
  }
  throw std::runtime_error(request.dataset.string() + ": there is no place for its index (" + why +
                           "); name a folder with room with --data.cache=FOLDER");
}

}  // namespace

bool is_small(const SourceFiles& sources) {
  // An upper bound on the growth of usual text by decompression.
  constexpr std::uint64_t kExpansion = 64;
  std::uint64_t bytes = 0;
  for (const SourceFile& each : sources.files) {
    bytes += each.bytes * (compression_of(each.path) == Compression::kNone ? 1 : kExpansion);
  }
  return bytes <= kSmallBytes;
}

void check_stop(std::uint64_t bytes_read, const std::string& place) {
  if (bytes_read <= kSmallBytes || !config::stop_requested()) return;
  throw std::runtime_error(place +
                           ": stopped while it was read for its index; the same command "
                           "reads it from the beginning");
}

std::vector<fs::path> index_paths(const IndexRequest& request) {
  if (!request.cache.empty()) return {in_shared_folder(request.cache, request)};
  const fs::path path = full_path(request);
  std::vector<fs::path> paths;
  if (path.parent_path() != "/dev") {  // /dev/stdin may be a file, which lies elsewhere
    paths.push_back(in_own_folder(request));
  }
  if (const auto folder = user_cache()) paths.push_back(in_shared_folder(*folder, request));
  return paths;
}

std::shared_ptr<const IndexedText> find_or_make_index(const IndexRequest& request) {
  auto text = find_or_make(request);
  if (!request.text.empty()) check_unchanged(request);  // it was mapped after `source` was taken
  return text;
}

}  // namespace millrace::datasets
