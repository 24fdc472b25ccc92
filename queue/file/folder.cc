// The layout of a queue folder (folder.h).
#include "queue/file/folder.h"

namespace millrace::queue {

std::filesystem::path Folder::chunk(proto::Split split, const proto::ChunkKey& key) const {
  return this->split(split) / proto::chunk_name(key.first, key.stage);
}

std::filesystem::path Folder::claim(proto::Split split, const proto::ChunkKey& key) const {
  return chunk(split, key).replace_extension(".claim");
}

std::set<proto::ChunkKey> Folder::chunks(proto::Split split) const {
  std::set<proto::ChunkKey> found;
  for (const std::string& name : disk_->list(this->split(split))) {
    if (const auto key = proto::chunk_key(name)) found.insert(*key);
  }
  return found;
}

}  // namespace millrace::queue
