// The layout of a queue folder (folder.h).
#include "queue/file/folder.h"

#include <cerrno>
#include <stdexcept>

#include "proto/file_name.h"
#include "proto/meta_json.h"

namespace millrace::queue {
namespace {

constexpr const char* kClaimEnd = ".claim";
constexpr const char* kChunkEnd = ".chunk";  // proto::chunk_name has it

/// No meta is longer.
constexpr std::size_t kMaxMetaBytes = proto::kMaxChunkBytes;

}  // namespace

Folder::Folder(const std::filesystem::path& queue, const std::string& fingerprint,
               proto::Disk& disk)
    : disk_(&disk), root_(proto::file_of_id(queue, fingerprint, "the fingerprint of a stream")) {
  disk.refuse_links_below(queue);
}

std::filesystem::path Folder::run(const std::string& run_id) const {
  return proto::file_of_id(groups(), run_id, "the run id");
}

std::filesystem::path Folder::chunk(proto::Split split, const proto::ChunkKey& key) const {
  return this->split(split) / proto::chunk_name(key.first, key.stage);
}

std::filesystem::path Folder::claim(proto::Split split, const proto::ChunkKey& key) const {
  return chunk(split, key).replace_extension(kClaimEnd);
}

std::set<proto::ChunkKey> Folder::chunks(proto::Split split) const {
  std::set<proto::ChunkKey> found;
  for (const std::string& name : disk_->list(this->split(split))) {
    if (const auto key = proto::chunk_key(name)) found.insert(*key);
  }
  return found;
}

std::vector<std::string> streams_in(const std::filesystem::path& queue, proto::Disk& disk) {
  std::vector<std::string> names = disk.list(queue);
  std::erase_if(names, [](const std::string& name) { return !proto::is_id(name); });
  return names;
}

proto::StreamMeta read_meta(const Folder& folder) {
  const auto file = folder.disk().read(folder.meta(), kMaxMetaBytes);
  if (!file) throw proto::DiskError(folder.meta(), "cannot read", ENOENT);
  proto::StreamMeta meta = proto::meta_from_json(proto::text(file->bytes));
  if (meta.fingerprint != folder.root().filename()) {
    throw std::runtime_error(folder.meta().string() + ": the meta of another stream");
  }
  return meta;
}

std::optional<proto::ChunkKey> claimed_chunk(std::string_view file_name) {
  if (!file_name.ends_with(kClaimEnd)) return std::nullopt;
  return proto::chunk_key(std::filesystem::path(file_name).replace_extension(kChunkEnd).string());
}

}  // namespace millrace::queue
