// Writes the frame of an index: an optional text, the sections one after the other, then the header
// in the space left for it at the beginning.
//
// One thread. Every call throws proto::DiskError where the disk fails.
#pragma once

#include <filesystem>
#include <string_view>

#include "datasets/index/index_format.h"
#include "datasets/io/growing_file.h"
#include "proto/digest.h"

namespace millrace::datasets {

/// The place where an index is made: on disk, or in memory.
class IndexPlace {
 public:
  [[nodiscard]] static IndexPlace in_memory() { return IndexPlace({}); }
  /// In the new file `path`, with temporary files beside it.
  [[nodiscard]] static IndexPlace on_disk(std::filesystem::path path) {
    return IndexPlace(std::move(path));
  }

  /// The file of the index.
  [[nodiscard]] GrowingFile index() const;
  /// A temporary file for a section that still grows.
  [[nodiscard]] GrowingFile spill() const;

 private:
  explicit IndexPlace(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

class SectionWriter {
 public:
  explicit SectionWriter(GrowingFile out);

  /// The caller fills it in, except checksums, file_bytes and `text`.
  IndexHeader header;

  /// Appends to the text, which comes before the first section; end_text() ends it.
  void append_text(std::string_view piece) { out_.append(piece); }
  void end_text();

  /// Appends a section. `also`: a digest that takes its bytes, too.
  [[nodiscard]] Section add(std::string_view bytes, proto::Digest* also = nullptr);
  [[nodiscard]] Section add(GrowingFile& spilled, proto::Digest* also = nullptr);

  /// Writes the header, makes the file durable where it is on disk, and returns it.
  [[nodiscard]] GrowingFile finish();

 private:
  void append_section(std::string_view bytes, proto::Digest* also);

  GrowingFile out_;
  proto::Digest digest_;
};

}  // namespace millrace::datasets
