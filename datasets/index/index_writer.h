// Writes the index of a text whose documents come in pieces, with or without the text itself.
// Memory stays bounded: sections that grow with the text grow in temporary files.
//
// One thread. Every call throws proto::DiskError where the disk fails.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/index/section_writer.h"
#include "datasets/index/text_scanner.h"
#include "datasets/sources/document_reader.h"
#include "proto/digest.h"

namespace millrace::datasets {

/// How pieces of documents become a text and its index.
struct TextRules {
  bool keep_text = false;  ///< the text is written into the index
  /// A document is a line that is not empty; else the text between begin and end.
  bool lines_are_documents = false;
  bool starts_are_documents = false;  ///< the section `starts` has documents; else lines
  bool skip_missing = false;          ///< records without a text are counted and left out
  std::uint64_t max_characters = 0;   ///< only this many from the beginning; 0: all
  std::vector<bool> allowed{};        ///< by code point: characters to keep; empty: all
};

class IndexWriter final : public DocumentSink {
 public:
  IndexWriter(const IndexPlace& place, TextRules rules);
  IndexWriter(const IndexWriter&) = delete;
  IndexWriter& operator=(const IndexWriter&) = delete;

  /// Documents are joined by a newline, unless the first of the two ends with one. Empty documents
  /// are ignored.
  void begin_document() override { document_is_empty_ = true; }
  void append(std::string_view piece) override;
  void end_document() override;
  void missing_text(const std::string& why) override;
  /// Whether max_characters are reached: further text is ignored.
  [[nodiscard]] bool is_full() const {
    return rules_.max_characters != 0 && scanner_.characters() >= rules_.max_characters;
  }

  [[nodiscard]] std::uint64_t characters() const { return scanner_.characters(); }
  /// Records without a text that were left out.
  [[nodiscard]] std::uint64_t missing() const { return missing_; }

  /// Returns the complete index. `source`: what it was made of.
  [[nodiscard]] GrowingFile finish(std::string_view source);

 private:
  void begin_kept_document();
  void take(std::string_view piece);
  void find_lines(std::string_view piece);
  void end_line(std::uint64_t end, char before);
  void add_document(std::uint64_t first, std::uint64_t end);
  [[nodiscard]] bool is_allowed(char32_t c) const;
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
  std::uint64_t missing_ = 0;
  char last_byte_ = '\n';
  bool document_is_empty_ = true;
  std::uint64_t document_first_ = 0;
  std::uint64_t line_first_ = 0;
};

}  // namespace millrace::datasets
