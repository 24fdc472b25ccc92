// A file that grows at its end: an index, or a section while an index is made. Writes are buffered;
// memory stays bounded.
//
// One thread. Every call throws proto::DiskError where the disk fails.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "proto/descriptor.h"

namespace millrace::datasets {

class GrowingFile {
 public:
  /// A file in memory (memfd), for small indexes.
  [[nodiscard]] static GrowingFile in_memory();
  /// A file on disk in `folder`, without a name: it is gone when its descriptor is closed.
  [[nodiscard]] static GrowingFile without_name(const std::filesystem::path& folder);
  /// A new file at `path`.
  [[nodiscard]] static GrowingFile named(const std::filesystem::path& path);

  void append(std::string_view bytes);
  /// Appends zeros up to a multiple of 8.
  void pad();
  [[nodiscard]] std::uint64_t size() const { return written_ + buffer_.size(); }
  void flush();
  /// Reads flushed bytes from offset `at` on into `buffer`. Returns how many bytes it read, at
  /// least one; throws where there are none.
  [[nodiscard]] std::size_t read_back(std::uint64_t at, std::span<char> buffer) const;
  /// Overwrites the first bytes, which must be there already.
  void replace_beginning(std::string_view bytes);
  /// Makes the content durable.
  void sync();
  [[nodiscard]] int fd() const { return file_.get(); }

 private:
  GrowingFile(proto::Descriptor file, std::filesystem::path place);

  proto::Descriptor file_;
  std::filesystem::path place_;
  std::string buffer_;
  std::uint64_t written_ = 0;
};

}  // namespace millrace::datasets
