// The layout of a queue folder (folder.h).
#include "queue/file/folder.h"

namespace millrace::queue {
namespace {

constexpr const char* kClaimEnd = ".claim";
constexpr const char* kChunkEnd = ".chunk";  // proto::chunk_name has it

}  // namespace

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

std::optional<proto::ChunkKey> claimed_chunk(std::string_view file_name) {
  if (!file_name.ends_with(kClaimEnd)) return std::nullopt;
  return proto::chunk_key(std::filesystem::path(file_name).replace_extension(kChunkEnd).string());
}

}  // namespace millrace::queue
