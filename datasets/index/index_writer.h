// Makes the index of a text that comes in pieces, and keeps the text in it where that is wanted
// (datasets/index/index_format.h). Memory stays bounded: sections that grow with the text grow in
// files of their own.
//
// One thread. Every call throws proto::DiskError where the disk refuses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/index/section_writer.h"
#include "datasets/index/text_scanner.h"
#include "datasets/sources/document_sink.h"
#include "proto/digest.h"

namespace millrace::datasets {

/// What becomes of the pieces.
struct TextRules {
  bool keep_text = false;  ///< the text is written into the index
  /// Each line that is not empty is one; else what lies between begin and end.
  bool lines_are_documents = false;
  bool starts_are_documents = false;  ///< `starts` holds where documents begin; else lines
  std::uint64_t max_characters = 0;   ///< of the text, from its beginning; 0: all
  std::vector<bool> allowed{};        ///< code points that are not left out; empty: all
};

class IndexWriter final : public DocumentSink {
 public:
  IndexWriter(const IndexPlace& place, TextRules rules);
  IndexWriter(const IndexWriter&) = delete;
  IndexWriter& operator=(const IndexWriter&) = delete;

  /// Documents are joined by a newline where the one before does not end with one; empty ones leave
  /// no trace.
  void begin_document() override { document_is_empty_ = true; }
  void append(std::string_view piece) override;
  void end_document() override;
  /// Whether max_characters are there: what is still appended is not taken.
  [[nodiscard]] bool is_full() const {
    return rules_.max_characters != 0 && scanner_.characters() >= rules_.max_characters;
  }

  [[nodiscard]] std::uint64_t characters() const { return scanner_.characters(); }

  /// The whole index. `source` says what it is of.
  [[nodiscard]] GrowingFile finish(std::string_view source);

 private:
  void begin_kept_document();
  void take(std::string_view piece);
  void find_lines(std::string_view piece);
  void end_line(std::uint64_t end, char before);
  void add_document(std::uint64_t first, std::uint64_t end);
  [[nodiscard]] std::string_view allowed_part(std::string_view piece);
  [[nodiscard]] std::string_view fitting_part(std::string_view piece) const;

  TextRules rules_;
  SectionWriter out_;
  GrowingFile starts_;
  GrowingFile checkpoints_;
  GrowingFile documents_;
  TextScanner scanner_;
  proto::Digest text_digest_;
  std::string allowed_;
  std::uint64_t dropped_ = 0;
  char last_byte_ = '\n';
  bool document_is_empty_ = true;
  std::uint64_t document_first_ = 0;
  std::uint64_t line_first_ = 0;
};

}  // namespace millrace::datasets
