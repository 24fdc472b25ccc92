// The frame of an index: sections one after the other, then the header in the place that was left
// for it.
//
// One thread. Every call throws proto::DiskError where the disk refuses.
#pragma once

#include <filesystem>
#include <string_view>

#include "datasets/index/index_format.h"
#include "datasets/io/growing_file.h"
#include "proto/digest.h"

namespace millrace::datasets {

/// Where an index is made: on disk, or in memory where it is small.
class IndexPlace {
 public:
  [[nodiscard]] static IndexPlace in_memory() { return IndexPlace({}); }
  /// In the file `path`, which is not there yet; what grows beside it.
  [[nodiscard]] static IndexPlace on_disk(std::filesystem::path path) {
    return IndexPlace(std::move(path));
  }

  [[nodiscard]] GrowingFile index() const;
  /// For a section that is not yet whole.
  [[nodiscard]] GrowingFile spill() const;

 private:
  explicit IndexPlace(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

class SectionWriter {
 public:
  explicit SectionWriter(GrowingFile out);

  /// All but the places of sections, which this class fills in.
  IndexHeader header;

  /// What comes before the sections; may be called again and again, before the first section.
  void append_text(std::string_view piece) { out_.append(piece); }
  void end_text();

  [[nodiscard]] Section add(std::string_view bytes, proto::Digest* also = nullptr);
  [[nodiscard]] Section add(GrowingFile& spilled, proto::Digest* also = nullptr);

  /// Writes the header, and makes all of it last through a power cut where it is on disk.
  [[nodiscard]] GrowingFile finish();

 private:
  void append_section(std::string_view bytes, proto::Digest* also);

  GrowingFile out_;
  proto::Digest digest_;
};

}  // namespace millrace::datasets
