#include "queue/folder.h"

#include "proto/chunk_file.h"

namespace millrace::queue {

std::filesystem::path Folder::chunk(proto::Split split, std::uint64_t first) const {
  return this->split(split) / proto::chunk_name(first);
}

std::filesystem::path Folder::claim(proto::Split split, std::uint64_t first) const {
  return chunk(split, first).replace_extension(".claim");
}

std::set<std::uint64_t> Folder::chunks(proto::Split split) const {
  std::set<std::uint64_t> found;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(this->split(split), missing)) {
    if (const auto first = proto::chunk_first(entry.path().filename().string())) found.insert(*first);
  }
  return found;
}

}  // namespace millrace::queue
