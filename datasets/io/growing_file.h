// A file that is written from its beginning on: an index, or what grows while one is made.
// Buffered, so that memory stays bounded.
//
// One thread. Every call throws proto::DiskError where the disk refuses.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "datasets/io/descriptor.h"

namespace millrace::datasets {

class GrowingFile {
 public:
  /// In memory, of no process's own (memfd): for what is small.
  [[nodiscard]] static GrowingFile in_memory();
  /// On disk in `folder`, without a name: gone with its descriptor.
  [[nodiscard]] static GrowingFile without_name(const std::filesystem::path& folder);
  /// A new file.
  [[nodiscard]] static GrowingFile named(const std::filesystem::path& path);

  void append(std::string_view bytes);
  /// Zeros up to a multiple of 8.
  void pad();
  [[nodiscard]] std::uint64_t size() const { return written_ + buffer_.size(); }
  void flush();
  /// Fills `buffer` with what was flushed, from byte `at` on, as far as there is any; how many
  /// bytes. Throws where there is none.
  [[nodiscard]] std::size_t read_back(std::uint64_t at, std::span<char> buffer) const;
  /// Over the first bytes, which are there already.
  void replace_beginning(std::string_view bytes);
  /// Makes the content last through a power cut.
  void sync();
  [[nodiscard]] int fd() const { return file_.get(); }

 private:
  GrowingFile(Descriptor file, std::filesystem::path place);

  Descriptor file_;
  std::filesystem::path place_;
  std::string buffer_;
  std::uint64_t written_ = 0;
};

}  // namespace millrace::datasets
